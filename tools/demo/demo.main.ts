import { databaseUrlsFromEnvironment, providerEndpointFromEnvironment } from '../invariants/invariants.config.js';
import { COMPOSE_URLS, ComposeControl } from './compose-control.js';
import { demoOnProcesses, INTERRUPTED } from './demo-on-processes.js';
import { composeTimeScale } from './demo.config.js';
import { parseDemoOptions } from './demo-options.js';
import { listenForInterruption } from './interruption.js';
import { messageOf, playStories, proveInvariants } from './play.js';

async function demoOnCompose(): Promise<number> {
  const { signal, arrived } = listenForInterruption();
  const control = await ComposeControl.find(composeTimeScale());
  try {
    const outcome = await Promise.race([arrived, playAndProveOnCompose(control, signal)]);
    return outcome === 'interrupted' ? INTERRUPTED : outcome ? 0 : 1;
  } catch (error) {
    // The error is printed now, since putting the containers back may fail too.
    console.error(`\n${messageOf(error)}`);
    return 1;
  } finally {
    console.log('\nPutting the containers back.');
    await control.putBack();
  }
}

async function playAndProveOnCompose(control: ComposeControl, interrupted: AbortSignal): Promise<boolean> {
  console.log('Putting the fault proxy between order and stock, coupon.');
  await control.prepare();
  const played = await playStories(COMPOSE_URLS, control, interrupted);
  const holds = await proveInvariants(databaseUrlsFromEnvironment({}), providerEndpointFromEnvironment(undefined));
  return played && holds;
}

try {
  const options = parseDemoOptions(process.argv.slice(2));
  process.exitCode = options.compose ? await demoOnCompose() : await demoOnProcesses(options);
} catch (error) {
  console.error(messageOf(error));
  process.exitCode = 1;
}
// The interrupted story still waits for a state that will not come, so the process must be ended.
process.exit();
