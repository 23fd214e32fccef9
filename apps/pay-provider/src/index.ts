export { PayProviderModule } from './app.module.js';
export { loadPayProviderConfig } from './pay-provider.config.js';
