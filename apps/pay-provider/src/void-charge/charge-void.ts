import { CHARGE_VOID } from '@rocketshop/contracts';
import { ProblemError } from '@rocketshop/service-defaults';

/** The merchant has made the payment void: nobody can pay it any more. */
export const chargeVoid = (): ProblemError =>
  new ProblemError({ status: 409, code: CHARGE_VOID, title: 'The merchant has made this payment void.' });
