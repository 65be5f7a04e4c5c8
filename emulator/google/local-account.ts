import {createPublicKey, generateKeyPairSync, type KeyObject} from 'node:crypto';
import {existsSync, mkdirSync, readFileSync, writeFileSync} from 'node:fs';
import path from 'node:path';

/**
 * Makes a service account that exists on this machine only, once for each folder, so that signed URLs outlive a restart.
 *
 * The clients read it as application default credentials: they sign URLs with its key and ask nobody for a token.
 */
export function openLocalAccount(folder: string, projectId: string): {file: string; publicKey: KeyObject} {
  const file = path.join(folder, 'service-account.json');
  if (!existsSync(file)) {
    mkdirSync(folder, {recursive: true});
    const {privateKey} = generateKeyPairSync('rsa', {modulusLength: 2048});
    const account = {
      type: 'service_account',
      project_id: projectId,
      private_key_id: 'local',
      private_key: privateKey.export({type: 'pkcs8', format: 'pem'}),
      client_email: `holt@${projectId}.iam.gserviceaccount.com`,
      client_id: '1',
      token_uri: 'http://127.0.0.1:9/token',
      universe_domain: 'googleapis.com',
    };
    writeFileSync(file, JSON.stringify(account, null, 2), {mode: 0o600});
  }

  return {file, publicKey: createPublicKey(JSON.parse(readFileSync(file, 'utf8')).private_key)};
}
