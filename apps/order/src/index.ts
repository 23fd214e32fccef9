export { OrderModule } from './app.module.js';
export { loadOrderConfig, type OrderConfig } from './order.config.js';
