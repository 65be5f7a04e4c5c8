import {z} from 'zod';
import {OutsideName} from './values.ts';

/** A user as the hub names them. */
export const HubUser = z.object({
  name: OutsideName,
  groups: z.array(z.string()).default([]),
  admin: z.boolean().default(false),
});
export type HubUser = z.infer<typeof HubUser>;
