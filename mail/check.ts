import { createTransport, type NodemailerError } from 'nodemailer';
import { problemOf } from './problem.js';
import { smtpOptions } from './smtp-options.js';

/** Connects to the mail server and signs in, without sending anything. Null when it is ready, else what is wrong as a phrase for people. */
export const mailServerProblem = async (smtpUrl: string): Promise<string | null> => {
  try {
    await createTransport(smtpOptions(smtpUrl)).verify();
    return null;
  } catch (error) {
    return problemOf(error as NodemailerError);
  }
};
