import {z} from 'zod';

/** An instant, ISO 8601 in UTC with milliseconds, so that text order is time order. */
export const Instant = z.iso.datetime({precision: 3});
export type Instant = z.infer<typeof Instant>;

/** A SHA-256, 64 lower-case hexadecimal digits. */
export const Sha256 = z.string().regex(/^[0-9a-f]{64}$/);
export type Sha256 = z.infer<typeof Sha256>;

/** A record's id made by Holt: base64url, so it is safe in a path, a URL and an object name. */
export const RecordId = z.string().regex(/^[\w-]{1,100}$/);
export type RecordId = z.infer<typeof RecordId>;

/** A name from outside (course, section, assignment, student): opaque text, at most 200 characters, none of them control. */
export const OutsideName = z
  .string()
  .min(1)
  .max(200)
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused.
  .refine(text => !/[\u0000-\u001f\u007f-\u009f]/.test(text), 'has control characters')
  .refine(text => text.isWellFormed(), 'is not well-formed text');
export type OutsideName = z.infer<typeof OutsideName>;

/** Adds seconds to an instant. */
export const addSeconds = (at: Instant, seconds: number): Instant =>
  new Date(Date.parse(at) + seconds * 1000).toISOString();

/** Seconds from one instant to a later one; negative when it is earlier. */
export const secondsBetween = (from: Instant, to: Instant): number => (Date.parse(to) - Date.parse(from)) / 1000;
