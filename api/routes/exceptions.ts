import type { EXCEPTION_ROUTES } from '../../contracts/routes/exceptions.js';
import { assignException } from '../../operations/exception/assign.js';
import { commentOnException } from '../../operations/exception/comment.js';
import { listExceptions } from '../../operations/exception/list.js';
import { listExceptionItems } from '../../operations/exception/list-items.js';
import { showException } from '../../operations/exception/show.js';
import { askProposalChallenge } from '../../operations/proposal/ask.js';
import { confirmProposal } from '../../operations/proposal/confirm.js';
import { listProposalItems } from '../../operations/proposal/list-items.js';
import { proposeResolution } from '../../operations/proposal/propose.js';
import { withdrawProposal } from '../../operations/proposal/withdraw.js';
import { proposeRecovery } from '../../operations/recovery/propose.js';
import { showRecovery } from '../../operations/recovery/show.js';
import type { Handlers } from '../handlers.js';

export const exceptions: Pick<Handlers, keyof typeof EXCEPTION_ROUTES> = {
  list_exceptions: listExceptions,
  show_exception: showException,
  list_exception_items: listExceptionItems,
  show_recovery: showRecovery,
  propose_recovery: proposeRecovery,
  assign_exception: assignException,
  comment_exception: commentOnException,
  propose_resolution: proposeResolution,
  list_proposal_items: listProposalItems,
  ask_proposal_challenge: askProposalChallenge,
  confirm_proposal: confirmProposal,
  withdraw_proposal: withdrawProposal,
};
