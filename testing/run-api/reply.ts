/** An answer before it is sent. */
export type Reply = {status: number; body: object};

/** An error as Google's APIs tell it: https://google.aip.dev/193 */
export const problem = (status: number, name: string, message: string): Reply => ({
  status,
  body: {error: {code: status, status: name, message}},
});
