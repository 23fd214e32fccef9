/** What loads the code of the services into the caller's own process; everything else starts them as processes. */
export { BoxedShop, CALLBACK_SECRET } from './shop/boxed-shop.js';
export { ParticipantProcesses } from './shop/participant-processes.js';
export {
  answersTo,
  cancelled,
  deadlocksOf,
  holdGate,
  lockRowOf,
  orderIdOf,
  PARTICIPANT_NAMES,
  Participants,
  readNumber,
  silentRelay,
  soon,
  untilBlocked,
} from './shop/participants.js';
export type { Participant, ParticipantName } from './shop/participants.js';
