import express, { type RequestHandler } from 'express';
import type { RouteShape } from '../../contracts/route-shape.js';
import { refuse } from '../../domain/result.js';
import { CSV_TYPES } from '../csv-body.js';
import { sendRefusal } from '../respond.js';

/** 10,000 items with inline payees are about 5 MB. */
const BATCH_BYTES = 16 * 1024 * 1024;
const OTHER_BYTES = 256 * 1024;
/** A bulk delivery of 1,024 outcomes is about 400 kB. */
const RAW_BYTES = 2 * 1024 * 1024;

const JSON_TYPES = ['application/json', 'application/*+json'];

/** Reads the body in the route's format, up to the route's limit in bytes. Leaves a CSV to the handler, which streams it. */
export const body = (shape: RouteShape): RequestHandler[] => {
  if (shape.format === 'raw') return [express.raw({ type: () => true, limit: RAW_BYTES, inflate: false })];
  if (!shape.body) return [];
  const accepted = shape.csvQuery ? [...JSON_TYPES, ...CSV_TYPES] : JSON_TYPES;
  return [only(accepted), express.json({ type: JSON_TYPES, limit: shape.csvQuery ? BATCH_BYTES : OTHER_BYTES })];
};

const only =
  (types: string[]): RequestHandler =>
  (req, res, next) => {
    // `is` answers null when there is no body at all, which validation describes better.
    if (req.is(types) !== false) return next();
    sendRefusal(res, refuse('unsupported_media_type', `Send the body as ${types.filter((type) => !type.includes('*')).join(' or ')}.`).refusal);
  };
