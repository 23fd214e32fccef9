/** Version ordinals of `MQVersion.Version` that decide behaviour. Source: common/MQVersion.java. */
export const MqVersion = {
  V3_0_7_SNAPSHOT: 28,
  V3_0_11: 37,
  V3_1_8_SNAPSHOT: 62,
  V3_4_9: 121,
  V4_1_0_SNAPSHOT: 232,
  V4_9_3: 399,
  V4_9_4: 401,
  V4_9_7: 407,
  V4_9_8: 409,
  V5_0_0: 413,
  V5_3_1: 475,
  V5_3_3: 479,
  V5_4_0: 493,
  V5_5_0: 513,
} as const;

/** What a broker or a name server of ours claims: 5.3.3. Java clients allow SQL92 from 232 on and nothing is lost above. */
export const MQ_VERSION = MqVersion.V5_3_3;
export const MQ_VERSION_DESCRIPTION = 'V5_3_3';

/** What a client of ours claims: 4.9.8. From 401 on a name server answers routes in standard JSON. */
export const MQ_CLIENT_VERSION = MqVersion.V4_9_8;
