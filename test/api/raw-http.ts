import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** A connection to the API, for requests that no HTTP client would send. */
export const connectTo = async (url: string): Promise<Socket> => {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  socket.on('error', () => {});
  await once(socket, 'connect');
  return socket;
};

/** Sends lines of a head, an empty line and a body, and reads the answer to the end of its body. */
export const sendRaw = async (url: string, head: readonly string[], body: Uint8Array | string = ''): Promise<{ status: number; text: string }> => {
  const socket = await connectTo(url);
  let text = '';
  const answered = new Promise<void>((done) => {
    socket.on('data', (part) => {
      text += part.toString();
      if (isWhole(text)) done();
    });
    socket.once('close', done);
  });
  socket.write(`${head.join('\r\n')}\r\n\r\n`);
  socket.write(body);
  await answered;
  socket.destroy();
  return { status: Number(/^HTTP\/1\.1 (\d+)/.exec(text)?.[1]), text };
};

const isWhole = (text: string): boolean => {
  const end = text.indexOf('\r\n\r\n');
  const length = /^content-length: (\d+)/im.exec(text)?.[1];
  return end >= 0 && length !== undefined && Buffer.byteLength(text) >= end + 4 + Number(length);
};
