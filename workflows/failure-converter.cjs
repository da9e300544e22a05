// CommonJS, because the SDK loads it with require() in the worker, in clients and in the workflow bundle.
const { DefaultFailureConverter } = require('@temporalio/common');

/** Puts messages and stack traces of failures into a payload, so that the codec encrypts them like all others. */
exports.failureConverter = new DefaultFailureConverter({ encodeCommonAttributes: true });
