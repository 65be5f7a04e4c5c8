import {XMLBuilder, XMLParser} from 'fast-xml-parser';

const NAMESPACE = 'http://www.imsglobal.org/services/ltiv1p1/xsd/imsoms_v1p0';

const parser = new XMLParser({
  ignoreAttributes: false,
  attributeNamePrefix: '@',
  parseTagValue: false,
  trimValues: false,
  processEntities: false,
});
const builder = new XMLBuilder({ignoreAttributes: false, attributeNamePrefix: '@'});

export type OutcomeRequest = {messageId: string; action: string; sourcedId: string; score: number};

/**
 * Reads a request as edX does.
 *
 * Rule: forgiving of blanks before the declaration and of broken markup; what is missing, or a score outside [0, 1], is told as
 *       text. A score that is no number is thrown, as edX falls over it.
 */
export function parseOutcomeRequest(xml: string): OutcomeRequest | string {
  const root = Object.entries(parse(xml)).find(([name]) => !name.startsWith('?'));
  const [rootName, envelope] = root ?? [];
  const prefix = rootName?.includes(':') ? `${rootName.split(':')[0]}:` : '';
  const declared = (envelope as Record<string, unknown> | undefined)?.[
    prefix ? `@xmlns:${prefix.slice(0, -1)}` : '@xmlns'
  ];
  if (declared !== NAMESPACE) {
    return 'the namespace imsoms_v1p0 is missing';
  }

  const [messageId, sourcedId, textString] = ['imsx_messageIdentifier', 'sourcedId', 'textString'].map(name =>
    textOf(findElement(envelope, prefix + name)),
  );
  const body = findElement(envelope, `${prefix}imsx_POXBody`);
  const action = Object.keys(typeof body === 'object' && body ? body : {}).find(name => !/^[#@]/.test(name));
  if (messageId === undefined || sourcedId === undefined || textString === undefined || action === undefined) {
    return 'an element is missing: messageIdentifier, POXBody, sourcedId and textString must be there';
  }

  const score = readNumber(textString);
  return score >= 0 && score <= 1
    ? {messageId, action: action.slice(prefix.length), sourcedId, score}
    : 'score value outside the permitted range of 0.0-1.0';
}

const parse = (xml: string): object => {
  try {
    return parser.parse(xml.trimStart()) as object;
  } catch {
    return {};
  }
};

/** The first element of that name, however deep. */
function findElement(node: unknown, name: string): unknown {
  if (typeof node !== 'object' || node === null) {
    return undefined;
  }

  if (Object.hasOwn(node, name)) {
    const found = (node as Record<string, unknown>)[name];
    return Array.isArray(found) ? found[0] : found;
  }

  return Object.values(node).reduce<unknown>((found, child) => found ?? findElement(child, name), undefined);
}

const textOf = (element: unknown): string | undefined => {
  const text = (element as {'#text'?: unknown} | undefined)?.['#text'] ?? element;
  return typeof text === 'string' ? decodeText(text) : undefined;
};

const entities: Record<string, string> = {amp: '&', lt: '<', gt: '>', quot: '"', apos: "'"};

/** Decodes references; a bare `&` cuts the text off there, as edX's parser does, which then credits somebody else. */
function decodeText(raw: string): string {
  const [text = ''] = raw.split(/&(?!(?:amp|lt|gt|quot|apos|#\d+|#x[\da-f]+);)/i);
  return text.replace(/&(?:#x([\da-f]+)|#(\d+)|(\w+));/gi, (_, hex?: string, decimal?: string, name = '') =>
    hex || decimal ? String.fromCodePoint(hex ? Number.parseInt(hex, 16) : Number(decimal)) : (entities[name] ?? ''),
  );
}

/** Python's `float`. */
function readNumber(text: string): number {
  const word = text.trim().toLowerCase();
  if (/^[+-]?(?:nan|inf(?:inity)?)$/.test(word)) {
    return Number.NaN;
  }

  if (!/^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/.test(word)) {
    throw new TypeError(`could not convert string to float: '${text}'`);
  }

  return Number(word);
}

export type Verdict = {codeMajor: 'success' | 'failure' | 'unsupported'; description: string; messageId?: string};

/** Writes a verdict in edX's form. */
export const writeVerdict = ({codeMajor, description, messageId = 'unknown'}: Verdict): string =>
  builder.build({
    '?xml': {'@version': '1.0', '@encoding': 'UTF-8'},
    imsx_POXEnvelopeResponse: {
      '@xmlns': NAMESPACE,
      imsx_POXHeader: {
        imsx_POXResponseHeaderInfo: {
          imsx_version: 'V1.0',
          imsx_messageIdentifier: messageId,
          imsx_statusInfo: {
            imsx_codeMajor: codeMajor,
            imsx_severity: 'status',
            imsx_description: description,
            imsx_messageRefIdentifier: '',
          },
        },
      },
      imsx_POXBody: codeMajor === 'success' ? {replaceResultResponse: ''} : '',
    },
  });
