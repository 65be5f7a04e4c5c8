import {z} from 'zod';

/* What kinds of values settings have. Each accepts what its message says, and nothing else. */

export const text = z.string().trim().min(1);
export const flag = z
  .string()
  .trim()
  .toLowerCase()
  .transform((value, context) => {
    if (['true', '1', 't', 'yes', 'on'].includes(value)) {
      return true;
    }

    if (['false', '0', 'f', 'no', 'off', ''].includes(value)) {
      return false;
    }

    context.addIssue('must be true or false');
    return z.NEVER;
  });
export const list = z.string().transform(value =>
  value
    .split(',')
    .map(part => part.trim())
    .filter(part => part !== ''),
);
export const whole = (minimum: number, maximum: number) => z.coerce.number().int().min(minimum).max(maximum);
export const seconds = z.coerce.number().min(0).max(86_400);
export const url = z.url({protocol: /^https?$/, error: 'must be an address with http:// or https://'});
export const origin = url.transform(value => new URL(value).origin);
export const path = z.string().regex(/^\/([\w.~%@+-]+\/)*$/, 'must be a path that begins and ends with /');
