import {HoltError} from './errors.ts';
import {SCHEMA_VERSION} from './records.ts';

/** Brings one record of the version `from` to the next version. Pure, so that it can be run again. */
export type UpgradeStep = {
  from: number;
  upgrade: (collection: string, data: Record<string, unknown>) => Record<string, unknown>;
};

/** Every step there ever was, oldest first. Add one whenever `SCHEMA_VERSION` is raised; never edit an old one. */
export const upgrades: readonly UpgradeStep[] = [];

/**
 * Lists the steps that bring stored records to the current version; none when they are there already.
 *
 * Throws: `incompatible-store` for a store that is newer than this Holt, or older than its first step.
 */
export function planUpgrade(
  stored: number,
  current: number = SCHEMA_VERSION,
  steps: readonly UpgradeStep[] = upgrades,
): UpgradeStep[] {
  if (stored > current) {
    throw new HoltError(
      'incompatible-store',
      `The stored data has version ${stored} and this Holt knows versions up to ${current}: start the newer Holt that wrote it.`,
    );
  }

  return Array.from({length: current - stored}, (_, index) => {
    const step = steps.find(({from}) => from === stored + index);
    if (!step) {
      throw new HoltError(
        'incompatible-store',
        `The stored data has version ${stored}, and this Holt has no upgrade from version ${stored + index}: upgrade with an older release first.`,
      );
    }

    return step;
  });
}
