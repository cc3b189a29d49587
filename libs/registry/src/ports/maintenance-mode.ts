import type { Actor } from '../repository.js';

/** Whether clients may write. */
export interface Maintenance {
  isReadOnly: boolean;
  /** What refused clients are told, 1 to 500 characters. */
  message: string | undefined;
  /** Login of the operator; undefined while nobody changed anything. */
  changedBy: string | undefined;
  changedAt: Date;
}

/** The switch that makes all gateways of an instance read-only. In the database: it acts on the next request of each. */
export abstract class MaintenanceMode {
  /** As it is now. All who ask at one moment share a look-up. */
  abstract find(): Promise<Maintenance>;

  /** Audited in its own transaction. Safe to repeat. */
  abstract set(change: Pick<Maintenance, 'isReadOnly' | 'message'>, actor: Actor): Promise<Maintenance>;
}
