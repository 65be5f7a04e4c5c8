import {existsSync, mkdirSync, renameSync, rmSync} from 'node:fs';
import path from 'node:path';

type Settings = {folder: string; host: string; projectId: string};

/** Makes the keeper of a Firestore emulator's data between two lives: an export in the folder. */
export function makeExports({folder, host, projectId}: Settings) {
  const kept = path.join(folder, 'kept');

  return {
    /** Arguments that let the emulator begin with what was kept. */
    seedArguments: (): string[] => {
      const metadata = path.join(kept, 'kept.overall_export_metadata');
      return existsSync(metadata) ? ['--seed_from_export', metadata] : [];
    },

    /** Writes what the emulator holds; the last export stays until the new one is whole. */
    async save(): Promise<void> {
      const fresh = path.join(folder, 'fresh');
      rmSync(fresh, {recursive: true, force: true});
      mkdirSync(fresh, {recursive: true});
      const answer = await fetch(`http://${host}/emulator/v1/projects/${projectId}:export`, {
        method: 'POST',
        headers: {'content-type': 'application/json'},
        body: JSON.stringify({
          database: `projects/${projectId}/databases/(default)`,
          export_directory: fresh,
          export_name: 'kept',
        }),
        signal: AbortSignal.timeout(30_000),
      });
      const text = await answer.text();
      if (!answer.ok) {
        throw new Error(`The Firestore emulator did not export its data: ${text}`);
      }

      rmSync(kept, {recursive: true, force: true});
      renameSync(path.join(fresh, 'kept'), kept);
    },
  };
}
