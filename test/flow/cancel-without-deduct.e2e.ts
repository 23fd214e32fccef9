import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { answersTo, newOrderId, PARTICIPANT_NAMES, Participants } from '@rocketshop/shop-testkit/in-process';
import type { Participant } from '@rocketshop/shop-testkit/in-process';

let participants: Participants;
beforeAll(async () => {
  participants = await Participants.start();
}, 60_000);
afterEach(() => participants.closeAll());
afterAll(() => participants.stop());

describe.each(PARTICIPANT_NAMES)('%s, when a cancel comes for an order that never deducted', (name) => {
  let participant: Participant;
  beforeEach(async () => {
    participant = await participants.open(name);
  });

  it('gives nothing back and answers FENCED', async () => {
    const order = newOrderId();
    await participant.cancel(order);
    expect(await participant.taken()).toBe(0);
    expect(await answersTo(participant, order)).toEqual(['FENCED']);
  });

  it('refuses the deduct that arrives after it, now and for ever', async () => {
    const order = newOrderId();
    await participant.cancel(order);
    expect(await participant.deduct(order)).toBe('ORDER_FENCED');
    expect(await participant.deduct(order)).toBe('ORDER_FENCED');
    expect(await participant.taken()).toBe(0);
  });

  it('still answers FENCED when it is cancelled again after the late deduct was refused', async () => {
    const order = newOrderId();
    await participant.cancel(order);
    await participant.deduct(order);
    await participant.cancel(order);
    expect(await answersTo(participant, order)).toEqual(['FENCED', 'FENCED']);
    expect(await participant.taken()).toBe(0);
  });

  it('refuses a deduct that comes again after its goods were given back', async () => {
    const order = newOrderId();
    expect(await participant.deduct(order)).toBe('ok');
    await participant.cancel(order);
    expect(await participant.deduct(order)).toBe('ORDER_FENCED');
    expect(await participant.taken()).toBe(0);
    expect(await answersTo(participant, order)).toEqual(['RESTORED']);
  });
});
