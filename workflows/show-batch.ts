import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';
import { setCurrentDetails, upsertSearchAttributes } from '@temporalio/workflow';
import type { LoadedBatch } from '../activities/load-batch.js';
import { type PayoutBatchInput, SEARCH_ATTRIBUTES } from './messages.js';

const key = (name: string) => defineSearchAttributeKey(name, SearchAttributeType.KEYWORD);

/**
 * Shows the state of a run in the Web UI whenever it has changed. Continue-as-new drops the details, so every run sets them again.
 * It shows nothing personal, and no amount except the total.
 */
export const batchShower = ({ tenantId }: PayoutBatchInput): ((batch: LoadedBatch, doing: string) => void) => {
  let shownState: string | null = null;
  let shownDetails: string | null = null;
  return (batch, doing) => {
    if (shownState !== batch.state) {
      upsertSearchAttributes([
        { key: key(SEARCH_ATTRIBUTES.tenant), value: tenantId },
        { key: key(SEARCH_ATTRIBUTES.state), value: batch.state },
        { key: key(SEARCH_ATTRIBUTES.rail), value: batch.rail },
      ]);
      shownState = batch.state;
    }
    const details = [
      `**${batch.state}**: ${doing}`,
      `${batch.count} items, ${batch.total} minor units ${batch.currency}, in ${batch.chunks} chunks; ${batch.open} open`,
    ].join('\n\n');
    if (details === shownDetails) return;
    setCurrentDetails(details);
    shownDetails = details;
  };
};
