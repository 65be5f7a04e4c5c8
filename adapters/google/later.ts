type Call = (...parameters: unknown[]) => Promise<unknown>;

/**
 * Makes a port of which the client is loaded by the first call: a process answers sooner what needs none of it.
 *
 * @example const jobs = later<Jobs>(['start', 'findState'], async () => makeJobs(…));
 */
export function later<Port extends object>(names: readonly (keyof Port & string)[], load: () => Promise<Port>): Port {
  let loading: Promise<Port> | undefined;
  const call = async (name: keyof Port, parameters: unknown[]) => {
    loading ??= load();
    return ((await loading)[name] as Call)(...parameters);
  };
  return Object.fromEntries(names.map(name => [name, (...parameters: unknown[]) => call(name, parameters)])) as Port;
}
