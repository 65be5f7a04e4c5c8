/** Every way a request or an event can fail on purpose, named once. `retryable` asks the platform to deliver again. */
export const failures = {
  'malformed-request': {status: 400, retryable: false},
  'not-a-notebook': {status: 400, retryable: false},
  'missing-metadata': {status: 400, retryable: false},
  'incomplete-body': {status: 400, retryable: false},
  'invalid-state': {status: 400, retryable: false},
  'not-authenticated': {status: 401, retryable: false},
  'not-allowed': {status: 403, retryable: false},
  'cross-site': {status: 403, retryable: false},
  'not-found': {status: 404, retryable: false},
  'unknown-course': {status: 404, retryable: false},
  'unknown-assignment': {status: 404, retryable: false},
  'method-not-allowed': {status: 405, retryable: false},
  'body-timeout': {status: 408, retryable: false},
  conflict: {status: 409, retryable: true},
  expired: {status: 410, retryable: false},
  'too-large': {status: 413, retryable: false},
  'invalid-score': {status: 422, retryable: false},
  'invalid-autograder': {status: 422, retryable: false},
  'invalid-course': {status: 422, retryable: false},
  'invalid-result': {status: 422, retryable: false},
  'too-many-requests': {status: 429, retryable: true},
  'invalid-setting': {status: 500, retryable: false},
  'incompatible-store': {status: 500, retryable: false},
  'hub-unavailable': {status: 502, retryable: true},
  'source-unavailable': {status: 502, retryable: true},
  'lms-unavailable': {status: 502, retryable: true},
  'jobs-refused': {status: 503, retryable: true},
  'jobs-unknown': {status: 503, retryable: true},
  busy: {status: 503, retryable: true},
  'storage-unavailable': {status: 503, retryable: true},
} as const;

export type FailureCode = keyof typeof failures;

/** The only error class thrown on purpose. Anything else that escapes is a bug. */
export class HoltError extends Error {
  override readonly name = 'HoltError';
  readonly code: FailureCode;

  /** `message` is one sentence for the person who caused it: what is wrong and what to do. */
  constructor(code: FailureCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }

  get retryable(): boolean {
    return failures[this.code].retryable;
  }

  get status(): number {
    return failures[this.code].status;
  }
}
