import { Injectable } from '@nestjs/common';
import { Database } from '@rocketshop/service-defaults';
import { In } from 'typeorm';
import type { FindOptionsWhere } from 'typeorm';
import { PaymentEntity } from '../database/entities/payment.entity.js';
import { RefundEntity } from '../database/entities/refund.entity.js';
import { viewPayment, viewRefund } from './read-payment.dto.js';
import type { PaymentWithRefunds } from './read-payment.dto.js';

@Injectable()
export class ReadPaymentService {
  constructor(private readonly database: Database) {}

  /** Finds payments, the oldest first, each with its refunds. */
  async find(where: FindOptionsWhere<PaymentEntity>): Promise<PaymentWithRefunds[]> {
    const { dataSource } = this.database;
    const payments = await dataSource.getRepository(PaymentEntity).find({ where, order: { createdAt: 'ASC' } });
    const refunds = await dataSource.getRepository(RefundEntity).find({
      where: { paymentId: In(payments.map((payment) => payment.paymentId)) },
      order: { createdAt: 'ASC' },
    });
    return payments.map((payment) =>
      Object.assign(viewPayment(payment), {
        refunds: refunds.filter((refund) => refund.paymentId === payment.paymentId).map(viewRefund),
      }),
    );
  }
}
