declare module 'configurable-http-proxy' {
  import type {Server} from 'node:http';

  /** The part of JupyterHub's own proxy that the local hub uses. */
  export class ConfigurableProxy {
    constructor(options: {
      authToken: string;
      xfwd: boolean;
      log: Record<'debug' | 'info' | 'warn' | 'error', () => void>;
    });
    readonly proxyServer: Server;
    readonly apiServer: Server;
  }
}
