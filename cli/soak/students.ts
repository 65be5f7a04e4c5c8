import {randomBytes} from 'node:crypto';
import {SignJWT} from 'jose';
import type {Address} from '../address.ts';

/** How the students of a class prove who they are. */
export type Proof = {secret: string; audience?: string} | 'stand-in';

/** A student of a class, and how the exchange is reached as this student. */
export type Student = {name: string; address: Address};

/** Makes the name of one class: no two runs share a student, and staff can tell all of them. */
export const makeRunName = (): string => `soak-${randomBytes(4).toString('hex')}`;

/** Names the students of a run. */
export const nameStudents = (run: string, count: number): string[] =>
  Array.from({length: count}, (_, index) => `${run}-${String(index + 1).padStart(4, '0')}`);

/** Makes a class of students, each with a token of their own that ends with the run. */
export function makeClass(
  run: string,
  count: number,
  where: Pick<Address, 'url' | 'prefix'>,
  proof: Proof,
  seconds: number,
): Promise<Student[]> {
  return Promise.all(
    nameStudents(run, count).map(async name => ({
      name,
      address:
        proof === 'stand-in' ? {...where, as: name} : {...where, token: await signToken({sub: name}, proof, seconds)},
    })),
  );
}

/** Signs claims with the secret that Holt has, for so many seconds. */
export function signToken(
  claims: Record<string, string>,
  {secret, audience}: Exclude<Proof, 'stand-in'>,
  seconds: number,
): Promise<string> {
  const token = new SignJWT(claims)
    .setProtectedHeader({typ: 'JWT', alg: 'HS256'})
    .setIssuedAt()
    .setExpirationTime(`${seconds}s`);
  return (audience === undefined ? token : token.setAudience(audience)).sign(new TextEncoder().encode(secret));
}
