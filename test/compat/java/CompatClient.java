import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.zip.CRC32;
import org.apache.rocketmq.client.consumer.DefaultMQPushConsumer;
import org.apache.rocketmq.client.consumer.listener.ConsumeConcurrentlyStatus;
import org.apache.rocketmq.client.consumer.listener.MessageListenerConcurrently;
import org.apache.rocketmq.client.producer.DefaultMQProducer;
import org.apache.rocketmq.client.producer.SendCallback;
import org.apache.rocketmq.client.producer.SendResult;
import org.apache.rocketmq.client.producer.SendStatus;
import org.apache.rocketmq.common.consumer.ConsumeFromWhere;
import org.apache.rocketmq.common.message.Message;
import org.apache.rocketmq.common.message.MessageExt;

/**
 * The official Java client behind the command line of test/compat/clients/command-line.ts; it compiles against the 4.9
 * and the 5.x client alike. Bodies and reports follow test/compat/kinds.ts and test/compat/clients/client-events.ts.
 */
public final class CompatClient {
    private static final int IN_FLIGHT_MAX = 64;
    private static final int BATCH_SIZE = 25;
    /** A JVM that starts on a busy machine can take the client's own three seconds to send its first request. */
    private static final int API_TIMEOUT_MS = 15_000;
    private static final int LARGE_EVERY = 10;
    private static final int LARGE_PADDING = 6000;
    private static final String TEXT = "\u8a02\u55ae \u00e9 \ud83d\ude00";

    private CompatClient() {
    }

    public static void main(String[] args) throws Exception {
        List<String> rest = Arrays.asList(args).subList(3, args.length);
        if (args[0].equals("send")) {
            send(args[1], Integer.parseInt(args[2]), rest);
        } else {
            consume(args[1], args[2], rest);
        }
        System.exit(0);
    }

    private static void send(String namesrvAddr, int count, List<String> jobs) throws Exception {
        DefaultMQProducer producer = new DefaultMQProducer("compat-java-producers");
        producer.setNamesrvAddr(namesrvAddr);
        producer.setMqClientApiTimeout(API_TIMEOUT_MS);
        producer.setSendMsgTimeout(10_000);
        producer.start();
        for (String job : jobs) {
            String[] parts = job.split("=");
            long started = System.nanoTime();
            sendKind(producer, parts[0], parts[1], count);
            report("{\"event\":\"done\",\"kind\":\"" + parts[0] + "\",\"ms\":" + (System.nanoTime() - started) / 1_000_000 + "}");
        }
        producer.shutdown();
    }

    private static void sendKind(DefaultMQProducer producer, String kind, String topic, int count) throws Exception {
        switch (kind) {
            case "async":
                sendAsync(producer, topic, count);
                break;
            case "one-way":
                for (int n = 0; n < count; n++) {
                    producer.sendOneway(message(kind, topic, n));
                    reportSent(kind, n);
                }
                break;
            case "batch":
                sendBatches(producer, topic, count);
                break;
            default:
                for (int n = 0; n < count; n++) {
                    reportIfStored(kind, n, producer.send(message(kind, topic, n)));
                    if (kind.equals("tags") && n % 2 == 0) {
                        producer.send(unwanted(topic, n));
                    }
                }
        }
    }

    private static void sendAsync(DefaultMQProducer producer, String topic, int count) throws Exception {
        Semaphore inFlight = new Semaphore(IN_FLIGHT_MAX);
        CountDownLatch answered = new CountDownLatch(count);
        for (int n = 0; n < count; n++) {
            int number = n;
            inFlight.acquire();
            producer.send(message("async", topic, n), new SendCallback() {
                @Override
                public void onSuccess(SendResult result) {
                    reportIfStored("async", number, result);
                    done();
                }

                @Override
                public void onException(Throwable error) {
                    reportFailed("async", number, error.toString());
                    done();
                }

                private void done() {
                    inFlight.release();
                    answered.countDown();
                }
            });
        }
        answered.await(60, TimeUnit.SECONDS);
    }

    private static void sendBatches(DefaultMQProducer producer, String topic, int count) throws Exception {
        for (int from = 0; from < count; from += BATCH_SIZE) {
            int to = Math.min(count, from + BATCH_SIZE);
            List<Message> batch = new ArrayList<>();
            for (int n = from; n < to; n++) {
                batch.add(message("batch", topic, n));
            }
            SendResult result = producer.send(batch);
            for (int n = from; n < to; n++) {
                reportIfStored("batch", n, result);
            }
        }
    }

    private static Message message(String kind, String topic, int n) {
        String id = kind + "-" + n;
        String body = n % LARGE_EVERY == 0 ? id + " " + "x".repeat(LARGE_PADDING) : id;
        Message message = new Message(topic, body.getBytes(StandardCharsets.UTF_8));
        message.setKeys(id);
        message.putUserProperty("text", TEXT);
        if (kind.equals("tags")) {
            message.setTags(n % 2 == 0 ? "TagA" : "TagB");
        }
        if (kind.equals("delay")) {
            message.setDelayTimeLevel(1);
        }
        return message;
    }

    /** What a subscription to TagA || TagB must not be given: another tag, or none. */
    private static Message unwanted(String topic, int n) {
        Message message = new Message(topic, ("unwanted-" + n).getBytes(StandardCharsets.UTF_8));
        if (n % 4 == 0) {
            message.setTags("TagC");
        }
        return message;
    }

    private static void consume(String namesrvAddr, String group, List<String> subscriptions) throws Exception {
        DefaultMQPushConsumer consumer = new DefaultMQPushConsumer(group);
        consumer.setNamesrvAddr(namesrvAddr);
        consumer.setMqClientApiTimeout(API_TIMEOUT_MS);
        consumer.setConsumeFromWhere(ConsumeFromWhere.CONSUME_FROM_FIRST_OFFSET);
        for (String subscription : subscriptions) {
            String[] parts = subscription.split("=");
            consumer.subscribe(parts[0], parts[1]);
        }
        consumer.registerMessageListener((MessageListenerConcurrently) (messages, context) -> {
            MessageExt message = messages.get(0);
            String id = idOf(message);
            if (id.startsWith("dlq-")) {
                context.setDelayLevelWhenNextConsume(-1);
                return ConsumeConcurrentlyStatus.RECONSUME_LATER;
            }
            if (id.startsWith("retry-") && message.getReconsumeTimes() == 0) {
                return ConsumeConcurrentlyStatus.RECONSUME_LATER;
            }
            reportReceived(message, id);
            return ConsumeConcurrentlyStatus.CONSUME_SUCCESS;
        });
        consumer.start();
        ScheduledExecutorService watch = Executors.newSingleThreadScheduledExecutor();
        String[] before = {""};
        watch.scheduleAtFixedRate(() -> {
            String held = heldQueues(consumer);
            if (!held.equals(before[0])) {
                before[0] = held;
                report("{\"event\":\"held\",\"queues\":[" + held + "]}");
            }
        }, 0, 100, TimeUnit.MILLISECONDS);
        while (System.in.read() >= 0) {
            // The end of the input is the order to stop.
        }
        watch.shutdownNow();
        consumer.shutdown();
        report("{\"event\":\"stopped\"}");
    }

    private static String heldQueues(DefaultMQPushConsumer consumer) {
        return consumer.getDefaultMQPushConsumerImpl().getRebalanceImpl().getProcessQueueTable().keySet().stream()
            .filter(queue -> !queue.getTopic().startsWith("%"))
            .map(queue -> "\"" + queue.getTopic() + ":" + queue.getQueueId() + "\"")
            .sorted()
            .collect(Collectors.joining(","));
    }

    private static String idOf(MessageExt message) {
        return new String(message.getBody(), StandardCharsets.UTF_8).split(" ")[0];
    }

    private static void reportReceived(MessageExt message, String id) {
        CRC32 crc = new CRC32();
        crc.update(message.getBody());
        report("{\"event\":\"received\",\"id\":\"" + id + "\",\"crc\":" + crc.getValue()
            + ",\"intact\":" + (id.startsWith("unwanted") || TEXT.equals(message.getUserProperty("text")))
            + ",\"queue\":\"" + message.getTopic() + ":" + message.getQueueId() + "\""
            + ",\"ageMs\":" + (System.currentTimeMillis() - message.getBornTimestamp()) + "}");
    }

    private static void reportIfStored(String kind, int n, SendResult result) {
        if (result.getSendStatus() == SendStatus.SEND_OK) {
            reportSent(kind, n);
        } else {
            reportFailed(kind, n, result.getSendStatus().name());
        }
    }

    private static void reportSent(String kind, int n) {
        report("{\"event\":\"sent\",\"kind\":\"" + kind + "\",\"id\":\"" + kind + "-" + n + "\"}");
    }

    private static void reportFailed(String kind, int n, String reason) {
        report("{\"event\":\"failed\",\"kind\":\"" + kind + "\",\"id\":\"" + kind + "-" + n + "\",\"reason\":\""
            + reason.replaceAll("[\\\\\"\\p{Cntrl}]", " ") + "\"}");
    }

    private static synchronized void report(String line) {
        System.out.println(line);
    }
}
