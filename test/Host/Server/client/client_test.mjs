// The official client against the dlavm-test-server of $SERVER_URL, with the key "secret" and "queue=1".

import assert from "node:assert/strict";
import test from "node:test";
import OpenAI from "openai";

const client = new OpenAI({ baseURL: process.env.SERVER_URL + "/v1", apiKey: "secret", maxRetries: 0 });
const say = (content, more = {}) => ({ model: "fake", messages: [{ role: "user", content }], ...more });

test("models", async () => {
  const models = [];
  for await (const model of client.models.list()) models.push(model.id);
  assert.deepEqual(models, ["fake"]);
  assert.equal((await client.models.retrieve("fake")).owned_by, "dlavm");
  await assert.rejects(client.models.retrieve("none"), OpenAI.NotFoundError);
});

test("chat", async () => {
  const chat = await client.chat.completions.create({
    model: "fake",
    messages: [
      { role: "developer", content: "Be brief." },
      { role: "user", content: [{ type: "text", text: "say Good" }, { type: "text", text: " morning" }] },
    ],
    temperature: 0,
    seed: 1,
  });
  assert.equal(chat.choices[0].message.content, "Good morning");
  assert.equal(chat.choices[0].finish_reason, "stop");
  assert.equal(chat.usage.completion_tokens, 3);
  assert.equal(typeof chat.usage.prompt_tokens_details.cached_tokens, "number");
});

test("streaming", async () => {
  const stream = await client.chat.completions.create(
    say("count 5", { stream: true, stream_options: { include_usage: true } }));
  let text = "", reason, usage;
  for await (const chunk of stream) {
    text += chunk.choices[0]?.delta.content ?? "";
    reason = chunk.choices[0]?.finish_reason ?? reason;
    usage = chunk.usage ?? usage;
  }
  assert.equal(text, "1 2 3 4 5");
  assert.equal(reason, "stop");
  assert.equal(usage.completion_tokens, 6);
});

test("the client's own helper for streams", async () => {
  const runner = client.chat.completions.stream(say("count 3", { stop: ["3"] }));
  let deltas = 0;
  runner.on("content", () => ++deltas);
  const whole = await runner.finalChatCompletion();
  assert.equal(whole.choices[0].message.content, "1 2 ");
  assert.ok(deltas >= 2);
});

test("logprobs", async () => {
  const chat = await client.chat.completions.create(say("count 2", { logprobs: true, top_logprobs: 3 }));
  const content = chat.choices[0].logprobs.content;
  assert.deepEqual(content.map((entry) => entry.token), ["1", " 2"]);
  assert.equal(content[0].logprob, -0.5);
  assert.equal(content[0].top_logprobs.length, 3);
  const stream = await client.chat.completions.create(say("count 2", { logprobs: true, stream: true }));
  let tokens = 0;
  for await (const chunk of stream) tokens += chunk.choices[0].logprobs?.content.length ?? 0;
  assert.equal(tokens, 2);
});

test("completions", async () => {
  const answer = await client.completions.create({ model: "fake", prompt: "count 3", echo: true });
  assert.equal(answer.choices[0].text, "count 31 2 3");
  let text = "";
  const stream = await client.completions.create({ model: "fake", prompt: "count 3", stream: true });
  for await (const chunk of stream) text += chunk.choices[0].text;
  assert.equal(text, "1 2 3");
});

const health = async () => (await fetch(process.env.SERVER_URL + "/health")).json();
async function untilIdle() {
  for (let i = 0; i < 3000; ++i) {
    if ((await health()).running === 0) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  assert.fail("the server goes on");
}

test("abort", async () => {
  const stream = await client.chat.completions.create(say("slow 10 count 1000000", { stream: true }));
  let count = 0;
  for await (const _ of stream) if (++count === 5) break;
  assert.equal(count, 5);
  await untilIdle();

  const controller = new AbortController();
  const whole = client.chat.completions.create(say("slow 10 count 1000000"), { signal: controller.signal });
  while ((await health()).running === 0);
  controller.abort();
  await assert.rejects(whole, OpenAI.APIUserAbortError);
  await untilIdle();
});

test("errors", async () => {
  await assert.rejects(client.chat.completions.create(say("x", { n: 2 })), (error) => {
    assert.ok(error instanceof OpenAI.BadRequestError);
    assert.equal(error.param, "n");
    assert.equal(error.code, "unsupported_parameter");
    assert.equal(error.type, "invalid_request_error");
    return true;
  });
  await assert.rejects(client.chat.completions.create({ ...say("x"), model: "gpt" }), OpenAI.NotFoundError);
  await assert.rejects(client.chat.completions.create(say("fail 0")), (error) => {
    assert.ok(error instanceof OpenAI.InternalServerError);
    assert.match(error.message, /the device is gone/);
    return true;
  });
  const stream = await client.chat.completions.create(say("slow 10 fail 2", { stream: true }));
  await assert.rejects(async () => { for await (const _ of stream); }, /the device is gone/);
  const stranger = new OpenAI({ baseURL: client.baseURL, apiKey: "guess", maxRetries: 0 });
  await assert.rejects(stranger.models.list(), OpenAI.AuthenticationError);
});

test("a full queue", async () => {
  const stream = await client.chat.completions.create(say("slow 10 count 1000000", { stream: true }));
  const waiting = client.chat.completions.create(say("say later"));
  while ((await health()).waiting === 0);
  await assert.rejects(client.chat.completions.create(say("say no")), OpenAI.RateLimitError);
  // A client that may retry gets its answer in the end.
  const patient = new OpenAI({ baseURL: client.baseURL, apiKey: "secret", maxRetries: 5 });
  const last = patient.chat.completions.create(say("say at last"));
  stream.controller.abort();
  assert.equal((await waiting).choices[0].message.content, "later");
  assert.equal((await last).choices[0].message.content, "at last");
});
