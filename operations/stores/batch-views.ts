import type { BatchState } from '../../domain/batch/states.js';
import type { ExceptionKind } from '../../domain/exceptions.js';
import type { BatchRow, ContentRow, ControlRow, CounterRow } from './batches.js';
import type { FactsRow, SHOWN_FACTS } from './facts.js';
import type { GateRow } from './gates.js';
import type { Page, PageQuery } from './page.js';
import type { UploadRow } from './uploads.js';

/** What a batch shows of an opened gate. */
export const SHOWN_GATE = ['id', 'gate', 'personId', 'openedAt'] as const;

/** A batch as people see it. */
export interface BatchView {
  batch: BatchRow;
  control: ControlRow;
  /** Null while its file is taken in, and for ever when that ended early. */
  content: ContentRow | null;
  /** How far its file is, and why it was refused; null for a batch that was made within its request. */
  upload: ShownUpload | null;
  counter: CounterRow;
  /** Open on the current content version, oldest first. */
  gates: Pick<GateRow, (typeof SHOWN_GATE)[number]>[];
  /** Of the current content version; null when none were sealed. */
  facts: Pick<FactsRow, (typeof SHOWN_FACTS)[number]> | null;
  /** Kinds of its exceptions that nobody has resolved yet; each kind is open once at the most. */
  openExceptions: ExceptionKind[];
  /** Its workspace is stopped, by its people or by operators: no money leaves. */
  frozen: boolean;
  connection: {
    disabled: boolean;
    /** A dispatch of some batch was not answered, and none has been since. */
    silent: boolean;
    /** Its newest version; a batch pays through its own. */
    newestVersion: number;
  };
}

/** What a batch shows of its upload. */
export type ShownUpload = Pick<UploadRow, 'bytes' | 'lines' | 'count' | 'rowsChecked' | 'rowsStored' | 'refusal'>;

export interface BatchViewStore {
  /** Null for a batch that its own request still receives, or gave up. `list` leaves such batches out too. */
  view(id: string): Promise<BatchView | null>;
  list(page: PageQuery & { state?: BatchState | undefined; externalId?: string | undefined }): Promise<Page<BatchView>>;
}
