//===- ChatTemplateTest.cpp - Tests of chat templates ---------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "host/Chat/ChatTemplate.h"
#include "Fakes.h"
#include "host/Chat/BuiltinTemplates.h"
#include "host/Chat/TemplateProcess.h"

#include "gtest/gtest.h"

#include <csignal>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <future>
#include <thread>

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace dlavm::host;

using Ids = std::vector<int32_t>;
using Messages = std::vector<Message>;

namespace {

/// Bytes, and some special tokens.
FakeTokenizer makeTokenizer() {
  std::vector<std::string> pieces = {""};
  for (int byte = 1; byte < 256; ++byte)
    pieces.push_back(std::string(1, static_cast<char>(byte)));
  for (const char *special :
       {"<s>", "</s>", "<|im_start|>", "<|im_end|>", "<|eot_id|>"})
    pieces.push_back(special);
  FakeTokenizer tokenizer(pieces);
  tokenizer.begin = 256;
  tokenizer.end = 257;
  return tokenizer;
}

/// A variable of the environment, until it goes out of scope.
class WithPython {
public:
  explicit WithPython(const char *value) {
    if (const char *old = std::getenv("DLAVM_PYTHON"))
      before = old;
    setenv("DLAVM_PYTHON", value, 1);
  }
  ~WithPython() {
    if (before)
      setenv("DLAVM_PYTHON", before->c_str(), 1);
    else
      unsetenv("DLAVM_PYTHON");
  }

private:
  std::optional<std::string> before;
};

class ChatTemplateTest : public testing::Test {
protected:
  ChatTemplateTest() {
    std::string name =
        (std::filesystem::temp_directory_path() / "chat-XXXXXX").string();
    directory = mkdtemp(name.data());
  }
  ~ChatTemplateTest() override { std::filesystem::remove_all(directory); }

  void write(const std::string &name, const std::string &text) {
    std::ofstream(directory + "/" + name) << text;
  }
  std::unique_ptr<ChatTemplate> open() {
    return ChatTemplate::open(directory, tokenizer,
                              [&](const std::string &text) { notes += text; });
  }
  std::unique_ptr<ChatTemplate> openJinja(const std::string &text) {
    write("chat_template.jinja", text);
    return open();
  }
  std::unique_ptr<ChatTemplate> openBuiltin(const std::string &text) {
    const WithPython none("");
    return openJinja(text);
  }
  /// What the directory's name is replaced by.
  std::string messageOf(const std::function<void()> &run) {
    std::string message = getMessage(run);
    const size_t found = message.find(directory);
    return found == std::string::npos
               ? message
               : message.replace(found, directory.size(), "DIR");
  }

  FakeTokenizer tokenizer = makeTokenizer();
  std::string directory, notes;
};

/// A template of a kind as its models have it, and what it writes for
/// the conversation system, user, assistant, user.
struct Known {
  const char *name;
  const char *jinja;
  const char *expected;
};

} // namespace

static const Messages &getConversation() {
  static const Messages conversation = {{"system", " Be kind. "},
                                        {"user", " Hi\n"},
                                        {"assistant", "Hello <b> "},
                                        {"user", "Bye"}};
  return conversation;
}

static const Known knownTemplates[] = {
    {"Llama 2", R"({% if messages[0]['role'] == 'system' %}
{% set rest = messages[1:] %}{% set system = messages[0]['content'] %}
{% else %}
{% set rest = messages %}{% set system = false %}
{% endif %}
{% for message in rest %}
  {% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}
    {{ raise_exception('Conversation roles must alternate user/assistant/user/assistant/...') }}
  {% endif %}
  {% if loop.index0 == 0 and system != false %}
    {% set content = '<<SYS>>\n' + system + '\n<</SYS>>\n\n' + message['content'] %}
  {% else %}
    {% set content = message['content'] %}
  {% endif %}
  {% if message['role'] == 'user' %}
{{ bos_token + '[INST] ' + content.strip() + ' [/INST]' }}
  {%- elif message['role'] == 'assistant' %}
{{ ' ' + content.strip() + ' ' + eos_token }}
  {%- endif %}
{% endfor %})",
     "<s>[INST] <<SYS>>\n Be kind. \n<</SYS>>\n\n Hi [/INST] Hello <b> </s>"
     "<s>[INST] Bye [/INST]"},
    {"Llama 3", R"({% for message in messages %}
{% set content = '<|start_header_id|>' + message['role'] + '<|end_header_id|>\n\n' + message['content'] | trim + '<|eot_id|>' %}
{% if loop.index0 == 0 %}{% set content = bos_token + content %}{% endif %}
{{ content }}
{%- endfor %}
{% if add_generation_prompt %}
{{ '<|start_header_id|>assistant<|end_header_id|>\n\n' }}
{%- endif %})",
     "<s><|start_header_id|>system<|end_header_id|>\n\nBe kind.<|eot_id|>"
     "<|start_header_id|>user<|end_header_id|>\n\nHi<|eot_id|>"
     "<|start_header_id|>assistant<|end_header_id|>\n\nHello <b><|eot_id|>"
     "<|start_header_id|>user<|end_header_id|>\n\nBye<|eot_id|>"
     "<|start_header_id|>assistant<|end_header_id|>\n\n"},
    {"Llama 3", R"({{- bos_token }}
{%- if not date_string is defined %}
    {%- set date_string = "26 Jul 2024" %}
{%- endif %}
{%- if messages[0]['role'] == 'system' %}
    {%- set system_message = messages[0]['content'] | trim %}
    {%- set messages = messages[1:] %}
{%- else %}
    {%- set system_message = "" %}
{%- endif %}
{{- "<|start_header_id|>system<|end_header_id|>\n\n" }}
{{- "Cutting Knowledge Date: December 2023\n" }}
{{- "Today Date: " + date_string + "\n\n" }}
{{- system_message }}
{{- "<|eot_id|>" }}
{%- for message in messages %}
    {{- '<|start_header_id|>' + message['role'] + '<|end_header_id|>\n\n' + message['content'] | trim + '<|eot_id|>' }}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|start_header_id|>assistant<|end_header_id|>\n\n' }}
{%- endif %}
)",
     "<s><|start_header_id|>system<|end_header_id|>\n\nCutting Knowledge Date: "
     "December 2023\nToday Date: 26 Jul 2024\n\nBe kind.<|eot_id|>"
     "<|start_header_id|>user<|end_header_id|>\n\nHi<|eot_id|>"
     "<|start_header_id|>assistant<|end_header_id|>\n\nHello <b><|eot_id|>"
     "<|start_header_id|>user<|end_header_id|>\n\nBye<|eot_id|>"
     "<|start_header_id|>assistant<|end_header_id|>\n\n"},
    {"ChatML", R"({% for message in messages %}
{% if loop.first and messages[0]['role'] != 'system' %}
{{ '<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n' }}
{%- endif %}
{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n' }}
{%- endfor %}
{% if add_generation_prompt %}
{{ '<|im_start|>assistant\n' }}
{%- endif %})",
     "<|im_start|>system\n Be kind. <|im_end|>\n<|im_start|>user\n "
     "Hi\n<|im_end|>\n<|im_start|>assistant\nHello <b> <|im_end|>\n"
     "<|im_start|>user\nBye<|im_end|>\n<|im_start|>assistant\n"},
    {"ChatML", R"({%- for message in messages %}
    {%- set content = message.content %}
    {%- if message.role == "assistant" and '</think>' in content %}
        {%- set content = content.split('</think>')[-1].lstrip('\n') %}
    {%- endif %}
    {{- '<|im_start|>' + message.role + '\n' + content + '<|im_end|>' + '\n' }}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|im_start|>assistant\n' }}
{%- endif %})",
     "<|im_start|>system\n Be kind. <|im_end|>\n<|im_start|>user\n "
     "Hi\n<|im_end|>\n<|im_start|>assistant\nHello <b> <|im_end|>\n"
     "<|im_start|>user\nBye<|im_end|>\n<|im_start|>assistant\n"},
    {"ChatML",
     R"({{ bos_token }}{% for message in messages %}{{'<|im_start|>' + message['role'] + '
' + message['content'] + '<|im_end|>' + '
'}}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant
' }}{% endif %})",
     "<s><|im_start|>system\n Be kind. <|im_end|>\n<|im_start|>user\n "
     "Hi\n<|im_end|>\n<|im_start|>assistant\nHello <b> <|im_end|>\n"
     "<|im_start|>user\nBye<|im_end|>\n<|im_start|>assistant\n"},
    {"Mistral", R"({{ bos_token }}{% for message in messages %}
{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('Conversation roles must alternate user/assistant/user/assistant/...') }}{% endif %}
{% if message['role'] == 'user' %}{{ '[INST] ' + message['content'] + ' [/INST]' }}
{%- elif message['role'] == 'assistant' %}{{ message['content'] + eos_token + ' ' }}
{%- else %}{{ raise_exception('Only user and assistant roles are supported!') }}{% endif %}
{% endfor %})",
     nullptr},
    {"ChatGLM3",
     R"({% for message in messages %}{% if loop.first %}[gMASK]sop<|{{ message['role'] }}|>
 {{ message['content'] }}{% else %}<|{{ message['role'] }}|>
 {{ message['content'] }}{% endif %}{% endfor %}{% if add_generation_prompt %}<|assistant|>{% endif %})",
     "[gMASK]sop<|system|>\n  Be kind. <|user|>\n  Hi\n<|assistant|>\n Hello "
     "<b> <|user|>\n Bye<|assistant|>"},
    {"GLM-4",
     R"([gMASK]<sop>{% for message in messages %}<|{{ message['role'] }}|>
{{ message['content'] }}{% endfor %}{% if add_generation_prompt %}<|assistant|>{% endif %})",
     "[gMASK]<sop><|system|>\n Be kind. <|user|>\n Hi\n<|assistant|>\nHello "
     "<b> <|user|>\nBye<|assistant|>"},
    {"Phi-3", R"({% for message in messages %}
{% if message['role'] == 'system' %}{{ '<|system|>\n' + message['content'] + '<|end|>\n' }}
{%- elif message['role'] == 'user' %}{{ '<|user|>\n' + message['content'] + '<|end|>\n' }}
{%- elif message['role'] == 'assistant' %}{{ '<|assistant|>\n' + message['content'] + '<|end|>\n' }}
{%- endif %}
{% endfor %}
{% if add_generation_prompt %}{{ '<|assistant|>\n' }}{% else %}{{ eos_token }}{% endif %})",
     "<|system|>\n Be kind. <|end|>\n<|user|>\n Hi\n<|end|>\n<|assistant|>\n"
     "Hello <b> <|end|>\n<|user|>\nBye<|end|>\n<|assistant|>\n"},
};

TEST_F(ChatTemplateTest, BuiltinTemplatesWriteWhatJinjaWrites) {
  const std::vector<Messages> conversations = {
      getConversation(),
      {{"user", "Hi"}},
      {{"user", "Hi"}, {"assistant", "a\n"}, {"user", "\tb "}},
      {{"system", "s"}, {"user", "u"}},
      {{"user", "x"},
       {"assistant", "<think>\nhm\n</think>\n\nYes."},
       {"user", "y"}},
      {{"assistant", "first"}},
      {{"user", "twice"}, {"user", "again"}},
  };
  for (const Known &known : knownTemplates) {
    SCOPED_TRACE(known.name);
    const auto jinja = openJinja(known.jinja);
    EXPECT_EQ(notes, "");
    const auto builtin = openBuiltin(known.jinja);
    EXPECT_EQ(notes, std::string("the chat template is taken for the built-in "
                                 "one of ") +
                         known.name + ", as DLAVM_PYTHON is empty");
    notes.clear();
    for (const Messages &messages : conversations) {
      std::string expected, actual;
      const std::string expectedError =
          getMessage([&] { expected = jinja->render(messages); });
      const std::string error =
          getMessage([&] { actual = builtin->render(messages); });
      EXPECT_EQ(actual, expected);
      // Only Jinja knows the place.
      if (error.empty()) {
        EXPECT_EQ(expectedError, "");
      } else
        EXPECT_NE(expectedError.find(": " + error), std::string::npos)
            << expectedError;
    }
    if (known.expected) {
      EXPECT_EQ(jinja->render(getConversation()), known.expected);
    }
  }
}

TEST_F(ChatTemplateTest, TemplatesOfRealModels) {
  for (const char *name : {"qwen2", "mistral_v01"}) {
    const std::string real =
        std::string(DLAVM_SHARED_DIR) + "/tokenizers/" + name;
    if (!std::filesystem::exists(real))
      GTEST_SKIP();
    const auto openReal = [&] {
      return ChatTemplate::open(real, tokenizer, [](const std::string &) {});
    };
    const auto jinja = openReal();
    const WithPython none("");
    const auto builtin = openReal();
    for (const Messages &messages :
         {Messages{{"user", " Hi "}},
          Messages{{"user", "a"}, {"assistant", "b"}, {"user", "c"}}})
      EXPECT_EQ(builtin->render(messages), jinja->render(messages));
  }
}

TEST_F(ChatTemplateTest, TokensOfRealModels) {
  for (const char *name : {"qwen2", "mistral_v01"}) {
    const std::string real =
        std::string(DLAVM_SHARED_DIR) + "/tokenizers/" + name;
    if (!std::filesystem::exists(real))
      GTEST_SKIP();
    const auto tokenizer = Tokenizer::open(real);
    const auto jinja =
        ChatTemplate::open(real, *tokenizer, [](const std::string &) {});
    const Messages plain = {{"user", "Hello  world,\n\n it's 1234"},
                            {"assistant", " Yes."},
                            {"user", "END"}};
    const Ids expected = jinja->encode(plain);
    EXPECT_EQ(std::count(expected.begin(), expected.end(),
                         tokenizer->getBeginToken().value_or(-1)),
              tokenizer->getBeginToken() ? 1 : 0);
    // With a special token in the last message, the tokens before are the same,
    // and none of its own is special.
    Messages special = plain;
    special[2].content = tokenizer->getPiece(jinja->getEndTokens()[0]);
    const Ids ids = jinja->encode(special);
    const auto countSpecial = [&](const Ids &list) {
      return std::count_if(list.begin(), list.end(), [&](int32_t id) {
        return tokenizer->isSpecial(id);
      });
    };
    EXPECT_EQ(countSpecial(ids), countSpecial(expected)) << name;
    const auto differ =
        std::mismatch(expected.begin(), expected.end(), ids.begin(), ids.end());
    EXPECT_EQ(tokenizer->decode(Ids(differ.first, expected.end()), false)
                  .substr(0, 3),
              "END");
    const std::string rest =
        tokenizer->decode(Ids(differ.second, ids.end()), false);
    EXPECT_EQ(rest.substr(0, special[2].content.size()), special[2].content);
  }
}

TEST_F(ChatTemplateTest, WhatOnlyLooksLikeAKnownOne) {
  for (
      const char *text :
      {// Messages are trimmed, or have another separator.
       "{{ '<|im_start|>' + message['role'] + '\n' + message['content'] | trim "
       "+ '<|im_end|>' }}",
       "{{ '<|im_start|>user<|im_sep|>' + message['content'] + '<|im_end|>' }}",
       // There is a space before answers, or none around messages.
       "{{ ' [INST] ' + message['content'] + ' [/INST]' }}{{ ' ' + "
       "message['content'] + eos_token }}",
       "{{ '[INST] ' + message['content'] + '[/INST]' }}"
       "{{ message['content'] + eos_token }}",
       "{{ '<|user|>' + message['content'] + '<|end|>' }}<|assistant|>"})
    EXPECT_FALSE(BuiltinTemplate::recognize(text)) << text;
}

TEST_F(ChatTemplateTest, TheMistralFormOfAConversation) {
  const auto jinja = openJinja(knownTemplates[6].jinja);
  EXPECT_EQ(
      jinja->render({{"user", "Hi"}, {"assistant", "Yo"}, {"user", "Bye"}}),
      "<s>[INST] Hi [/INST]Yo</s> [INST] Bye [/INST]");
  EXPECT_EQ(messageOf([&] {
              jinja->render({{"system", "s"}});
            }),
            "DIR/chat_template.jinja, line 2: Conversation roles must "
            "alternate user/assistant/user/assistant/...");
}

TEST_F(ChatTemplateTest, WhatTransformersHas) {
  const auto render = [&](const std::string &text) {
    return openJinja(text)->render({{"user", "<\xc3\xa4'>"}});
  };
  EXPECT_EQ(render("{{ messages | tojson }}"),
            R"([{"role": "user", "content": "<)"
            "\xc3\xa4"
            R"('>"}])");
  EXPECT_EQ(render("{{ {'b': 1, 'a': [2]} | tojson(indent=1) }}"),
            "{\n \"b\": 1,\n \"a\": [\n  2\n ]\n}");
  EXPECT_EQ(render("{% for i in range(9) %}{% if i == 2 %}{% break %}"
                   "{% endif %}{{ i }}{% endfor %}"),
            "01");
  EXPECT_EQ(render("  {% if true %}\nx\n  {% endif %}\ny\n"), "x\ny");
  EXPECT_EQ(render("{% generation %}{{ messages[0].content[0] }}"
                   "{% endgeneration %}"),
            "<");
  EXPECT_EQ(render("{{ tools is none }}{{ documents is none }}"
                   "{{ add_generation_prompt }}{{ unk_token }}"),
            "TrueTrueTrue");
  const std::string year = render("{{ strftime_now('%Y') }}");
  EXPECT_EQ(year.size(), 4u);
  EXPECT_EQ(year.substr(0, 2), "20");
  // Values are not escaped, and no UTF-8 is replaced.
  EXPECT_EQ(openJinja("{{ messages[0]['content'] }}")
                ->render({{"user", "<\"\\\n\xff>"}}),
            "<\"\\\n\xef\xbf\xbd>");
}

TEST_F(ChatTemplateTest, WhatFails) {
  const auto fail = [&](const std::string &text) {
    return messageOf([&] { openJinja(text)->render({{"system", "x"}}); });
  };
  EXPECT_EQ(fail("a\n{{ raise_exception('No system messages!') }}"),
            "DIR/chat_template.jinja, line 2: No system messages!");
  EXPECT_EQ(fail("\n\n{% if %}"), "DIR/chat_template.jinja, line 3: Expected "
                                  "an expression, got 'end of statement "
                                  "block'");
  EXPECT_EQ(fail("{{ messages[0].content.x.y }}"),
            "DIR/chat_template.jinja, line 1: 'str object' has no attribute "
            "'x'");
  EXPECT_EQ(fail("\n{% set _ = messages.append(1) %}"),
            "DIR/chat_template.jinja, line 2: access to attribute 'append' of "
            "'list' object is unsafe.");
  EXPECT_EQ(fail("{{ ''.__class__.__mro__ }}"),
            "DIR/chat_template.jinja, line 1: access to attribute '__class__' "
            "of 'str' object is unsafe.");
  EXPECT_EQ(fail("{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}"),
            "DIR/chat_template.jinja, line 1: the template calls itself "
            "without end");
  EXPECT_EQ(fail("{% include '/etc/passwd' %}"),
            "DIR/chat_template.jinja, line 1: no loader for this environment "
            "specified");
  // The process goes on.
  const auto jinja = openJinja("{{ messages[0]['role'].upper() }}"
                               "{{ 1 / messages[0]['content'] | length }}");
  EXPECT_EQ(messageOf([&] {
              jinja->render({{"user", ""}});
            }),
            "DIR/chat_template.jinja, line 1: division by zero");
  EXPECT_EQ(jinja->render({{"user", "x"}}), "USER1.0");
}

TEST_F(ChatTemplateTest, WhereTemplatesAre) {
  const Messages messages = {{"user", "x"}};
  write("tokenizer_config.json",
        R"({"chat_template": "A{{ bos_token }}{{ eos_token }}",)"
        R"( "bos_token": {"content": "<b>"}, "eos_token": null})");
  write("special_tokens_map.json",
        R"({"bos_token": "no", "eos_token": "<e>"})");
  EXPECT_EQ(open()->render(messages), "A<b><e>");
  write("tokenizer_config.json",
        R"({"chat_template": [{"name": "tool_use", "template": "T"},)"
        R"( {"name": "default", "template": "D"}]})");
  EXPECT_EQ(open()->render(messages), "D");
  write("tokenizer_config.json",
        R"({"chat_template": [{"name": "only", "template": "O"}]})");
  EXPECT_EQ(open()->render(messages), "O");
  write("tokenizer_config.json",
        R"({"chat_template": [{"name": "a", "template": "O"},)"
        R"( {"name": "b", "template": "O"}]})");
  EXPECT_EQ(messageOf([&] { open(); }),
            "DIR/tokenizer_config.json: chat_template: expected a template, or "
            "a list of templates with one named \"default\"; the names here "
            "are a, b");
  write("tokenizer_config.json", R"({"chat_template": [3]})");
  EXPECT_EQ(messageOf([&] { open(); }),
            "DIR/tokenizer_config.json: chat_template: expected objects with "
            "\"name\" and \"template\", found 3");
  write("tokenizer_config.json", R"({"chat_template": 3})");
  EXPECT_EQ(messageOf([&] { open(); }),
            "DIR/tokenizer_config.json: chat_template: expected a template, or "
            "a list of templates with one named \"default\"");
  write("tokenizer_config.json", "[]");
  EXPECT_EQ(messageOf([&] { open(); }),
            "DIR/tokenizer_config.json: expected a JSON object");
  write("tokenizer_config.json", R"({"a": ])");
  EXPECT_EQ(messageOf([&] { open(); }).substr(0, 43),
            "DIR/tokenizer_config.json:1:7: syntax error");
  write("tokenizer_config.json", R"({"a": 1e999})");
  EXPECT_EQ(messageOf([&] { open(); }),
            "DIR/tokenizer_config.json: number overflow parsing '1e999'");
  write("tokenizer_config.json", "{\"a\": " + std::string(100000, '['));
  EXPECT_EQ(messageOf([&] { open(); }),
            "DIR/tokenizer_config.json: is nested deeper than 64 levels");
  directory += '/';
  EXPECT_EQ(messageOf([&] { open(); }),
            "DIRtokenizer_config.json: is nested deeper than 64 levels");
  directory.pop_back();
  // The file goes before the configuration.
  write("tokenizer_config.json", R"({"chat_template": "A"})");
  EXPECT_EQ(openJinja("J")->render(messages), "J");
  // Nothing that is there is skipped, or waited for.
  EXPECT_EQ(messageOf([&] { openJinja(" \n"); }),
            "DIR/chat_template.jinja is empty; write a template, or remove it, "
            "and messages follow each other as they are");
  const std::string jinja = directory + "/chat_template.jinja";
  std::filesystem::remove(jinja);
  std::filesystem::create_directory(jinja);
  EXPECT_EQ(messageOf([&] { open(); }),
            "DIR/chat_template.jinja is no regular file");
  std::filesystem::remove(jinja);
  ASSERT_EQ(mkfifo(jinja.c_str(), 0600), 0);
  EXPECT_EQ(messageOf([&] { open(); }),
            "DIR/chat_template.jinja is no regular file");
}

/// A GGUF file with a template and no tensors.
static std::string makeGGUF(const std::string &jinja) {
  const auto number = [](uint64_t value, size_t bytes) {
    return std::string(reinterpret_cast<const char *>(&value), bytes);
  };
  const std::string key = "tokenizer.chat_template";
  return "GGUF" + number(3, 4) + number(0, 8) + number(1, 8) +
         number(key.size(), 8) + key + number(8, 4) + number(jinja.size(), 8) +
         jinja;
}

TEST_F(ChatTemplateTest, GGUF) {
  const Messages messages = {{"user", "x"}};
  write("tokenizer.gguf", makeGGUF("{{ bos_token }}G{{ eos_token }}"));
  EXPECT_EQ(open()->render(messages), "<s>G</s>");
  write("tokenizer.gguf", makeGGUF("\n{{ raise_exception('no') }}"));
  EXPECT_EQ(messageOf([&] { open()->render(messages); }),
            "DIR/tokenizer.gguf: tokenizer.chat_template, line 2: no");
  write("tokenizer.gguf", makeGGUF("G").substr(0, 60));
  EXPECT_EQ(messageOf([&] { open(); }).substr(0, 18), "DIR/tokenizer.gguf");
  // The file itself.
  write("model", makeGGUF("F"));
  EXPECT_EQ(ChatTemplate::open(directory + "/model", tokenizer,
                               [](const std::string &) {})
                ->render(messages),
            "F");
  // Other places go before.
  write("tokenizer_config.json", R"({"chat_template": "C"})");
  EXPECT_EQ(open()->render(messages), "C");
}

TEST_F(ChatTemplateTest, WithoutTemplate) {
  const auto plain = open();
  EXPECT_EQ(notes, directory + " has no chat template: messages follow each "
                               "other as they are");
  EXPECT_EQ(plain->encode({{"user", "a"}, {"assistant", "b"}}),
            (Ids{256, 'a', 'b'}));
  EXPECT_EQ(plain->getEndTokens(), Ids{257});
  EXPECT_EQ(plain->encode({{"user", "</"}, {"user", ""}, {"user", "s>"}}),
            (Ids{256, '<', '/', 's', '>'}));
}

TEST_F(ChatTemplateTest, WithoutPython) {
  {
    const WithPython none("/no/python");
    openJinja("{{ '<|im_start|>' + message }}<|im_end|>");
    EXPECT_EQ(notes, "the chat template is taken for the built-in one of "
                     "ChatML, as /no/python does not start");
  }
  {
    const WithPython none("/bin/true");
    EXPECT_EQ(messageOf([&] { openJinja("{{ messages }}"); }),
              "DIR/chat_template.jinja: no built-in template is like this one, "
              "and /bin/true does not start; install python3-jinja2, or name a "
              "Python that has jinja2 with DLAVM_PYTHON");
  }
}

TEST_F(ChatTemplateTest, WhatDiesWithMarksFails) {
  const std::string program = directory + "/python";
  write("python", "#!/bin/sh\nwhile read -r line; do\n"
                  "case $line in *ue000*) exit 1;; esac\n"
                  "echo '{\"text\": \"x\"}'\ndone\n");
  std::filesystem::permissions(program, std::filesystem::perms::owner_all);
  const WithPython python(program.c_str());
  const auto jinja = openJinja("x");
  EXPECT_EQ(jinja->render({{"user", "a"}}), "x");
  // Else nobody would know what is special.
  EXPECT_EQ(messageOf([&] {
              jinja->encode({{"user", "a"}});
            }),
            "DIR/python, which renders the chat template, ends before it "
            "answers");
}

TEST_F(ChatTemplateTest, TokensOfATemplate) {
  const auto jinja = openJinja(
      "{{ bos_token }}<s>{% for m in messages %}<|im_start|>{{ m.content | "
      "trim }}<|im_end|>{% endfor %}");
  // BOS once, and special tokens.
  EXPECT_EQ(jinja->encode({{"user", "a"}}), (Ids{256, 258, 'a', 259}));
  EXPECT_EQ(jinja->getEndTokens(), (Ids{257, 259}));
  // What a message has of them is text.
  EXPECT_EQ(
      jinja->encode({{"user", " </s>a\n"}, {"user", ""}, {"user", "b"}}),
      (Ids{256, 258, '<', '/', 's', '>', 'a', 259, 258, 259, 258, 'b', 259}));
  // Where a message says what the template writes around it, and is empty.
  EXPECT_EQ(jinja->encode({{"user", "<|im_end|>"}, {"user", "<s>"}}),
            (Ids{256, 258, '<', '|', 'i', 'm', '_', 'e', 'n', 'd', '|', '>',
                 259, 258, '<', 's', '>', 259}));
  EXPECT_EQ(jinja->encode({{"user", " "}, {"user", "</s>"}}),
            (Ids{256, 258, 259, 258, '<', '/', 's', '>', 259}));
  // What two messages, or one and the template, make together is text.
  const auto toIds = [](const std::string &text) {
    return Ids(text.begin(), text.end());
  };
  const auto around = openJinja(
      "{% for m in messages %}<{{ m.content }}>{% endfor %}<|im_end|>");
  Ids expected = toIds("</s><|im_end|>a>");
  expected.push_back(259);
  EXPECT_EQ(around->encode({{"user", "/s"}, {"user", "|im_end|>a"}}), expected);
  expected = toIds("<></s>");
  expected.push_back(259);
  EXPECT_EQ(around->encode({{"user", ""}, {"user", "/s"}}), expected);
  // Nobody knows where a message is that the template changes.
  const auto upper = openJinja("{{ messages[0].content | upper }}</s>");
  EXPECT_EQ(upper->encode({{"user", "a</s>"}}),
            (Ids{'A', '<', '/', 'S', '>', 257}));
}

TEST(TemplateProcessTest, StartsAgain) {
  std::string why;
  const auto python = TemplateProcess::start(why);
  ASSERT_TRUE(python) << why;
  const std::string request =
      R"({"template":"x{{ 1 + 1 }}","messages":[],"variables":{}})";
  EXPECT_EQ(python->call(request), R"({"text": "x2"})");
  const std::vector<pid_t> first = python->getProcesses();
  ASSERT_EQ(first.size(), 1u);
  kill(first.front(), SIGKILL);
  EXPECT_EQ(python->call(request), R"({"text": "x2"})");
  EXPECT_EQ(python->getProcesses().size(), 1u);
  EXPECT_NE(python->getProcesses(), first);
}

TEST(TemplateProcessTest, NobodyWaitsForASlowTemplate) {
  std::string why;
  const auto python = TemplateProcess::start(why);
  ASSERT_TRUE(python) << why;
  python->setTimeLimit(std::chrono::minutes(2));
  std::future<std::string> slow = std::async(std::launch::async, [&] {
    try {
      return python->call(R"({"template":"{% for a in range(99999) %})"
                          R"({% for b in range(99999) %}{% endfor %})"
                          R"({% endfor %}","messages":[],"variables":{}})");
    } catch (const TemplateFailure &failure) {
      return std::string(failure.what());
    }
  });
  // Until both are there, the slow one may not have begun.
  while (python->getProcesses().size() < 2)
    EXPECT_EQ(python->call(R"({"template":"x","messages":null})"),
              R"({"text": ""})");
  EXPECT_EQ(python->call(R"({"template":"x","messages":null})"),
            R"({"text": ""})");
  EXPECT_EQ(slow.wait_for(std::chrono::seconds(0)),
            std::future_status::timeout);
  // It is started again, once.
  while (slow.wait_for(std::chrono::milliseconds(10)) !=
         std::future_status::ready)
    for (pid_t process : python->getProcesses())
      kill(process, SIGKILL);
  EXPECT_NE(slow.get().find(", which renders the chat template, ends before"),
            std::string::npos);
  EXPECT_EQ(python->call(R"({"template":"x","messages":null})"),
            R"({"text": ""})");
}

TEST(TemplateProcessTest, TakesTooLong) {
  std::string why;
  const auto python = TemplateProcess::start(why);
  ASSERT_TRUE(python) << why;
  python->setTimeLimit(std::chrono::milliseconds(250));
  EXPECT_EQ(getMessage([&] {
              python->call(R"({"template":"{% for a in range(99999) %})"
                           R"({% for b in range(99999) %}{% endfor %})"
                           R"({% endfor %}","messages":[],"variables":{}})");
            }),
            "the chat template takes more than 0.250000 seconds");
  python->setTimeLimit(std::chrono::seconds(60));
  EXPECT_EQ(python->call(R"({"template":"x","messages":null})"),
            R"({"text": ""})");
}

/// Starts Python in a process that renders a template without end, or none, and
/// kills that process. Returns whether Python ends, too.
static bool endsWithItsParent(bool isBusy) {
  int ends[2];
  if (pipe(ends) != 0)
    return false;
  const pid_t parent = fork();
  if (parent == 0) {
    std::string why;
    const auto python = TemplateProcess::start(why);
    const pid_t process = python ? python->getProcesses().front() : -1;
    if (write(ends[1], &process, sizeof process) < 0)
      _exit(1);
    if (isBusy && python) {
      python->setTimeLimit(std::chrono::hours(1));
      python->call(R"({"template":"{% for a in range(99999) %})"
                   R"({% for b in range(99999) %}{% endfor %})"
                   R"({% endfor %}","messages":[],"variables":{}})");
    }
    raise(SIGKILL);
  }
  pid_t process = -1;
  const bool isRead = read(ends[0], &process, sizeof process) == sizeof process;
  close(ends[0]);
  close(ends[1]);
  // The state, and the time that it has computed; none if it is gone, or a
  // zombie that nobody waits for.
  const auto getTime = [&]() -> std::optional<double> {
    std::ifstream file("/proc/" + std::to_string(process) + "/stat");
    std::string word, state;
    double time = 0;
    file >> word >> word >> state;
    for (int field = 4; field < 14; ++field)
      file >> word;
    if (!(file >> time) || state == "Z" || state == "X")
      return std::nullopt;
    return time / static_cast<double>(sysconf(_SC_CLK_TCK));
  };
  const auto waitUntil = [](const auto &condition) {
    for (int i = 0; i < 6000 && !condition(); ++i)
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    return condition();
  };
  bool isRight = isRead && process > 0;
  if (isBusy && isRight) {
    const double before = getTime().value_or(0);
    isRight = waitUntil([&] { return getTime().value_or(0) > before + 0.5; });
  }
  if (isBusy)
    kill(parent, SIGKILL);
  waitpid(parent, nullptr, 0);
  isRight &= waitUntil([&] { return !getTime(); });
  if (!isRight && process > 0)
    kill(process, SIGKILL);
  return isRight;
}

TEST(TemplateProcessTest, EndsWithItsParent) {
  EXPECT_TRUE(endsWithItsParent(/*isBusy=*/false));
  EXPECT_TRUE(endsWithItsParent(/*isBusy=*/true));
}
