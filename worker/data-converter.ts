import { fileURLToPath } from 'node:url';
import type { DataConverter, PayloadCodec } from '@temporalio/common';

/** Bundled with the workflows too, since failures are made there as well. */
export const FAILURE_CONVERTER = fileURLToPath(new URL('../workflows/failure-converter.cjs', import.meta.url));

/** How everything that Temporal keeps is written and read: workers and clients must agree. */
export const dataConverterWith = (codec: PayloadCodec): DataConverter => ({ payloadCodecs: [codec], failureConverterPath: FAILURE_CONVERTER });
