export { PayModule } from './app.module.js';
export { loadPayConfig, type PayConfig } from './pay.config.js';
export { verifyCallbackSignature, type SignatureVerdict } from './receive-callback/callback-signature.js';
