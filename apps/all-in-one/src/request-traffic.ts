import { subscribe } from 'node:diagnostics_channel';
import { Traffic } from '#registry';

/** The requests that this process serves itself. */
export class RequestTraffic extends Traffic {
  private isThere = false;

  constructor() {
    super();
    subscribe('http.server.request.start', () => {
      this.isThere = true;
    });
  }

  override came(): boolean {
    const { isThere } = this;
    this.isThere = false;
    return isThere;
  }
}
