import { describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import type { RouteShape } from '../../contracts/route-shape.js';
import { ROUTES } from '../../contracts/routes.js';
import { anyCode, code } from '../../contracts/wire.js';
import { hashedInput } from '../../operations/idempotency/hashed-input.js';

describe('a code', () => {
  test.each(['123456', '123 456', ' 12 34 56 ', '123\u00a0456\n', '1\u202f2\u20093 456'])('%j is six digits, whatever the blanks', (typed) => {
    expect(code.parse(typed)).toBe('123456');
  });

  test.each(['', '      ', '12345', '1234567', '12345a', '123-456', '１２３４５６', `123456${' '.repeat(40)}`])('%j is none', (typed) => {
    expect(code.safeParse(typed).success).toBe(false);
  });

  test('is read by every route that takes one, and is no part of what makes two requests the same', () => {
    const taking = Object.entries<RouteShape>(ROUTES).filter(([, { body }]) => body instanceof z.ZodObject && 'code' in body.shape);
    expect(taking.map(([id]) => id)).toEqual(expect.arrayContaining(['create_session', 'approve_payout_batch', 'confirm_proposal']));
    for (const [id, { body }] of taking) {
      const given = (body as z.ZodObject).shape['code'];
      expect([code, anyCode]).toContain(given instanceof z.ZodOptional ? given.unwrap() : given);
      expect(hashedInput(id as keyof typeof ROUTES, { code: '123456', kept: 1 })).toEqual({ kept: 1 });
    }
  });
});
