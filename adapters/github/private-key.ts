import {createPrivateKey} from 'node:crypto';
import {HoltError} from '../../domain/errors.ts';

/**
 * Reads a GitHub App's private key as settings carry it.
 *
 * Shape:  PEM (PKCS#1, as GitHub gives it, or PKCS#8), with real line ends, `\n` written out, or none; or all that in
 *         base64. The answer is PKCS#8 PEM.
 * Throws: `invalid-setting`; the sentence has nothing of the key.
 */
export function readPrivateKey(setting: string): string {
  const text = setting.includes('-----BEGIN') ? setting : Buffer.from(setting, 'base64').toString('latin1');
  const [, kind, body] = /-----BEGIN ([A-Z ]+)-----([\s\S]+?)-----END \1-----/.exec(text.replaceAll('\\n', '\n')) ?? [];
  try {
    const lines = body?.replaceAll(/\s/g, '').match(/.{1,64}/g) ?? [];
    const key = createPrivateKey([`-----BEGIN ${kind}-----`, ...lines, `-----END ${kind}-----`, ''].join('\n'));
    if (key.asymmetricKeyType !== 'rsa') {
      throw new Error(`The key is of type ${key.asymmetricKeyType}.`);
    }

    return key.export({type: 'pkcs8', format: 'pem'}).toString();
  } catch (cause) {
    throw new HoltError(
      'invalid-setting',
      "COURSE_CONTENT_READER_PRIVATE_KEY is not an RSA private key: set it to the content of the .pem file from the GitHub App's page, as it is, with line ends as \\n, or in base64.",
      {cause},
    );
  }
}
