import { Injectable } from '@nestjs/common';
import { answerToCancel } from '@rocketshop/contracts';
import type { orderCancelled, PayloadOf } from '@rocketshop/contracts';
import { OutboxRelay } from '@rocketshop/outbox';
import { undo } from '@rocketshop/participant';
import { Database, traceHeaders } from '@rocketshop/service-defaults';
import { balanceLog } from '../database/balance-log.js';
import { giveBackToBuyer } from '../database/move-balance.js';

export const RETURN_BALANCE_GROUP = 'user-return-balance';

/** Gives the money of a cancelled order back to its buyer, or fences the order off when none was taken. */
@Injectable()
export class ReturnBalanceService {
  constructor(
    private readonly database: Database,
    private readonly relay: OutboxRelay,
  ) {}

  return({ orderId }: PayloadOf<typeof orderCancelled>): Promise<void> {
    return undo(this.database, this.relay, balanceLog, {
      orderId,
      kind: 'CANCEL',
      group: RETURN_BALANCE_GROUP,
      fence: [{}],
      giveBack: async (client, taken) => {
        if (taken.amount > 0n) await giveBackToBuyer(client, orderId, taken);
      },
      answer: (outcome) => ({ ...answerToCancel('user', orderId, outcome), headers: traceHeaders() }),
    });
  }
}
