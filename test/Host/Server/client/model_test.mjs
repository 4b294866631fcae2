// The official client against a trained model, behind $SERVER_URL, whose greedy answer to "Once upon a time" is
// $ANSWER.

import assert from "node:assert/strict";
import test from "node:test";
import OpenAI from "openai";

const client = new OpenAI({ baseURL: process.env.SERVER_URL + "/v1", apiKey: "any", maxRetries: 0 });
const [{ id: model }] = (await client.models.list()).data;
const options = { model, max_tokens: 16, temperature: 0 };
const messages = [{ role: "user", content: "Once upon a time" }];

test("completion", async () => {
  const answer = await client.completions.create({ ...options, prompt: "Once upon a time" });
  assert.equal(answer.choices[0].text, process.env.ANSWER);
});

test("chat, streamed", async () => {
  let text = "";
  for await (const chunk of await client.chat.completions.create({ ...options, messages, stream: true }))
    text += chunk.choices[0].delta.content ?? "";
  assert.equal(text, process.env.ANSWER);
});
