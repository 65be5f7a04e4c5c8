import type {Claim} from './claim.ts';
import type {Dialect} from './dialects/dialect.ts';
import type {Reply} from './http.ts';
import type {Login} from './login.ts';
import type {Parking} from './park.ts';

/** The way through the hub's OAuth; undefined without a hub. */
export type BrowserWay = {login: Login; claim: Claim; park: (parking: Parking) => Promise<Reply>} | undefined;

/** A client's place: its prefix, what it speaks there, and the way through the hub's service of that prefix. */
export type Place = {prefix: string; dialect: Dialect; browser: BrowserWay};
