/** What the parser makes of a body. Integers a number cannot hold exactly are bigint. */
export type JsonValue = null | boolean | number | bigint | string | JsonValue[] | JsonObject | JsonMap;
/** Without prototype, so that a member `__proto__` is a member like any other. */
export type JsonObject = { [member: string]: JsonValue };
/** An object with at least one key that is itself an object, as fastjson writes a `Map<MessageQueue, X>`. */
export type JsonMap = Map<JsonValue, JsonValue>;

export function isJsonObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Map);
}
