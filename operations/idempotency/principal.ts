import type { Actor } from '../../domain/actors.js';

/** Whose keys they are. A person keeps theirs across sessions, so that a retry after signing in again still finds its answer. */
export const principalOf = (actor: Actor): string => {
  switch (actor.type) {
    case 'user':
      return `user:${actor.personId}`;
    case 'api_key':
      return `api_key:${actor.keyId}`;
    case 'agent':
      return `agent:${actor.agentId}`;
    case 'support_impersonator':
      return `support:${actor.operatorId}:${actor.personId}`;
    case 'system':
      return `system:${actor.process}`;
  }
};
