import { getMetadataArgsStorage } from 'typeorm';

/**
 * The select list of an entity, such as `orders.order_id AS "orderId", orders.status`: a row of it has the entity's shape. So
 * the entity is the one description of a row, for repositories and for statements of our own.
 * @param alias name of the table in the statement @default the entity's own table
 * @param properties those wanted @default all columns
 */
export function columnsOf<Entity extends object>(
  entity: new () => Entity,
  alias: string = tableOf(entity),
  properties?: readonly (keyof Entity & string)[],
): string {
  const columns = getMetadataArgsStorage().columns.filter(({ target }) => target === entity);
  const wanted = columns.filter(({ propertyName }) => !properties || properties.includes(propertyName as never));
  return wanted
    .map(({ propertyName, options }) => `${alias}.${options.name ?? propertyName} AS "${propertyName}"`)
    .join(', ');
}

function tableOf(entity: new () => object): string {
  const table = getMetadataArgsStorage().tables.find(({ target }) => target === entity);
  if (!table?.name) throw new Error(`${entity.name} is no entity with a table name`);
  return table.name;
}
