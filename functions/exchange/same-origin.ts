import {HoltError} from '../../domain/errors.ts';
import type {Request} from './http.ts';

/** Refuses what another site made a browser send. Throws `cross-site`. */
export function makeCheckSameOrigin(origins: readonly string[]) {
  return ({headers}: Request): void => {
    const {origin, 'sec-fetch-site': site} = headers;
    if ((site !== undefined && site !== 'same-origin') || (origin !== undefined && !origins.includes(origin))) {
      throw new HoltError(
        'cross-site',
        'This request came from another site than the hub and was refused: submit from JupyterLab itself.',
      );
    }
  };
}
