import { type DynamicModule, Module } from '@nestjs/common';
import type { Logger } from 'pino';
import type { Settings } from '#config';
import { GatewayModule } from './gateway.module.js';
import { RemoteAdaptersModule, type Remotes } from './remote-adapters.module.js';

/** The gateway as a service of its own. */
@Module({})
export class GatewayServiceModule {
  static for(settings: Settings, remotes: Remotes, log: Logger): DynamicModule {
    return { module: GatewayServiceModule, imports: [RemoteAdaptersModule.for(settings, remotes, log), GatewayModule] };
  }
}
