import { runMigrations } from '@rocketshop/service-defaults';
import { databaseOptions } from './database/database-options.js';

await runMigrations('coupon', databaseOptions);
