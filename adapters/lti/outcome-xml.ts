import {XMLBuilder, XMLParser} from 'fast-xml-parser';

const NAMESPACE = 'http://www.imsglobal.org/services/ltiv1p1/xsd/imsoms_v1p0';
const MAX_MESSAGE_CHARACTERS = 500;

const builder = new XMLBuilder({ignoreAttributes: false, attributeNamePrefix: '@'});
const parser = new XMLParser({removeNSPrefix: true, parseTagValue: false, htmlEntities: true});

/**
 * Writes the request that replaces one student's score.
 *
 * Shape:  `textString` is a plain decimal in [0, 1] with one to three decimals: `0.667`, `1.0`.
 * Source: LTI Basic Outcomes 1.1, replaceResultRequest. The declaration comes first, without a blank before it.
 */
export const writeReplaceResult = (score: {messageId: string; sourcedId: string; fraction: number}): string =>
  builder.build({
    '?xml': {'@version': '1.0', '@encoding': 'UTF-8'},
    imsx_POXEnvelopeRequest: {
      '@xmlns': NAMESPACE,
      imsx_POXHeader: {
        imsx_POXRequestHeaderInfo: {imsx_version: 'V1.0', imsx_messageIdentifier: score.messageId},
      },
      imsx_POXBody: {
        replaceResultRequest: {
          resultRecord: {
            sourcedGUID: {sourcedId: score.sourcedId},
            result: {resultScore: {language: 'en', textString: writeDecimal(score.fraction)}},
          },
        },
      },
    },
  });

const writeDecimal = (fraction: number): string =>
  Number.isInteger(fraction) ? fraction.toFixed(1) : fraction.toFixed(3).replace(/0+$/, '');

/** What an LMS said of a request. */
export type Verdict = {codeMajor: string; description: string};

/** Finds the verdict in an LMS's answer, whatever its namespace prefix; undefined when it has none. */
export function findVerdict(xml: string): Verdict | undefined {
  let answer: unknown;
  try {
    answer = parser.parse(xml.trimStart());
  } catch {
    return undefined;
  }

  const path = ['imsx_POXEnvelopeResponse', 'imsx_POXHeader', 'imsx_POXResponseHeaderInfo', 'imsx_statusInfo'];
  const status = path.reduce<unknown>(childOf, answer);
  const codeMajor = textOf(childOf(status, 'imsx_codeMajor')).toLowerCase();
  return codeMajor ? {codeMajor, description: textOf(childOf(status, 'imsx_description'))} : undefined;
}

const childOf = (node: unknown, name: string): unknown =>
  typeof node === 'object' && node !== null && Object.hasOwn(node, name)
    ? (node as Record<string, unknown>)[name]
    : undefined;

/** An element's text; one with attributes is an object, one that holds elements has no text. */
const textOf = (node: unknown): string => {
  const text = childOf(node, '#text') ?? node;
  return typeof text === 'string' ? toMessage(text) : '';
};

/** Makes words from outside fit for a record: one line, no control characters, at most 500 characters. */
export const toMessage = (words: string): string => {
  const line = words
    .toWellFormed()
    .replace(/[\p{Cc}\s]+/gu, ' ')
    .trim();
  return [...line].slice(0, MAX_MESSAGE_CHARACTERS).join('');
};
