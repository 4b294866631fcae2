//===- DeviceInfo.h - Description of an accelerator -------------*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A device is a record: parameters, memories, and for each task its register
// table and the functions that serve it. A new version starts as a copy of
// another and says what changed. Passes ask the record what the device can do
// and how large it is; none asks which device it is.
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_DEVICE_DEVICEINFO_H
#define DLAVM_DEVICE_DEVICEINFO_H

#include "DLAVM/Device/Board.h"
#include "DLAVM/Device/InstructionBlocks.h"
#include "DLAVM/Device/Registers.h"
#include "DLAVM/Device/Work.h"

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/LogicalResult.h"

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace mlir {
class Operation;
} // namespace mlir
namespace llvm {
class raw_ostream;
} // namespace llvm

namespace dlavm {

class DeviceInfo;
class TaskExecution;
class TaskWriter;
struct Partition;
struct TaskCounts;

/// The hardware tasks that programs consist of. Each but WeightCopy is one op
/// of the accel dialect.
enum class TaskKind {
  Linear,
  Conv2D,
  Norm,
  Activation,
  Softmax,
  Rope,
  Scores,
  Values,
  KVAppend,
  Elementwise,
  WeightCopy,
};

/// What the hardware addresses as a whole.
enum class ObjectKind {
  /// INT4 weights with their scales; shape [output channels, input channels].
  Weight,
  /// INT4 weights of a convolution, whose scales are multiplied into the scale
  /// words; shape [output channels, kernel rows, kernel columns, input
  /// channels].
  ConvWeight,
  /// Scale and bias words of a linear layer or a convolution; shape [channels].
  ScaleBias,
  /// Scale and bias words of a norm; shape [channels].
  NormWeight,
  /// Cosines and sines of all positions; shape [].
  RopeTable,
  /// A piecewise-linear function; shape [].
  ActivationTable,
  /// Keys or values of all tokens; shape [KV heads].
  KVCache,
  /// Blocks of instructions (DLAVM/Device/InstructionBlocks.h); shape [].
  Instructions,
};

/// One named number of a device.
struct Parameter {
  std::string name;
  int64_t value;
  std::string meaning;
  /// Of a convention, which stands for what the hardware's documents leave open
  /// (docs/Numerics.md): the values that have a meaning. Empty for others.
  std::vector<int64_t> allowed = {};
};

/// Whether a start of softmax takes a part of the tokens of a call.
enum class SoftmaxSlices {
  Never,
  /// By the meaning of its registers, but no known program does it.
  Untested,
  /// As the documents say.
  Documented,
};

/// What a device is like, as far as anybody has to know who does not know its
/// family. The record works it out from its parameters.
struct Traits {
  /// Channels of one row of a feature map, the last one filled up.
  int64_t lanes = 0;
  /// Bytes of a row in each port of the memory of maps.
  int64_t rowBytes = 0;
  /// Output channels that the hardware computes together. Weights lie in groups
  /// of as many, and channel counts in registers are multiples.
  int64_t channelGranularity = 0;
  /// Channels of a head.
  int64_t headChannels = 0;
  /// The largest context: tokens of KV caches and of the rotary table.
  int64_t maxTokens = 0;
  /// Input channels that share a weight scale.
  int64_t weightBlock = 0;
  /// Which channels of a head rotary embedding can pair: neighbours, or i and
  /// i + half a head.
  bool rotatesNeighbours = false;
  bool rotatesHalves = false;
  /// Whether a linear task adds or multiplies another map to its result.
  bool fusesResidual = false;
  /// Whether a second map has strides of its own. Else those of a residual are
  /// the output's, and those of an element-wise task's second map the first's.
  bool secondMapHasStrides = false;
  /// Whether a linear task makes what is negative 0, behind scale and bias.
  bool fusesRelu = false;
  /// The queries of a KV head begin a row of so many heads, with empty heads
  /// behind them; 1 where they follow each other.
  int64_t headsPerRow = 1;
  /// Whether attention products read elements of KV caches that nobody wrote,
  /// so that these must be numbers: the driver clears the caches.
  bool readsUnwrittenCache = false;
  /// Whether KV caches are maps of `maxTokens` tokens, which the tasks write
  /// that compute keys and values. No task appends then.
  bool cachesAreMaps = false;
  SoftmaxSlices softmaxSlices = SoftmaxSlices::Never;
  /// Bits that the hardware writes of an argmax's word in memory; 0 for none.
  int64_t argmaxBits = 32;
  /// Whether a register holds what was written last until the next write,
  /// whatever tasks run in between. Those that start tasks hold nothing.
  bool registersKeepValues = false;

  /// What norms add to the mean square; no register carries it.
  double normEpsilon = 1e-5;
  /// Whether linear layers sum in FP32, and not in FP64.
  bool sumsInFP32 = false;
  /// Whether softmax computes in FP32, and not in FP64.
  bool hasSoftmaxInFP32 = false;
  /// Whether the scale of attention scores is FP16 in its register, not FP20.
  bool hasScaleInFP16 = false;
  /// Whether argmax takes the highest index of equal logits, not the lowest.
  bool takesLastOfEqual = false;
  /// Whether a piecewise-linear function stays what it is at its last
  /// breakpoint, and does not go on with its last segment.
  bool holdsLastSegment = false;
};

/// The register values of one started task, by register number.
class RegisterValues {
public:
  explicit RegisterValues(const RegisterTable &table,
                          llvm::ArrayRef<uint32_t> file)
      : table(table), file(file) {}
  const RegisterTable &getTable() const { return table; }
  /// The value of the register with this identifier.
  int64_t operator[](llvm::StringRef identifier) const {
    return file[table.get(identifier).number];
  }
  int64_t operator[](const Register &reg) const { return file[reg.number]; }
  /// True if the task has a register with this identifier.
  bool has(llvm::StringRef identifier) const {
    return table.lookup(identifier) != nullptr;
  }
  /// The address that begins in \p reg, with its high bits.
  int64_t getAddress(const Register &reg) const {
    int64_t address = file[reg.number];
    if (const std::optional<AddressField> &high = reg.high) {
      const uint64_t bits = file[table.get(high->reg).number] >> high->shift &
                            ((uint64_t(1) << high->bits) - 1);
      address |= static_cast<int64_t>(bits << 32);
    }
    return address;
  }

private:
  const RegisterTable &table;
  llvm::ArrayRef<uint32_t> file;
};

/// The bytes [begin, end) that a task touches through one address register.
struct Extent {
  const Register *reg;
  int64_t begin;
  int64_t end;
  /// The start does not read the bytes: it takes them for those that the start
  /// before it has left on the chip.
  bool isReused = false;
};

/// Which maps of a start can lie on the chip: for each the bit of the register
/// RegisterRole::OnChip that says whether it does, and nothing for one that
/// cannot. Maps with the same bit lie there together, or none of them. A start
/// with an argmax has none there.
struct OnChipFlags {
  std::optional<unsigned> input;
  /// Of a residual, or of the second operand of an element-wise task.
  std::optional<unsigned> secondInput;
  std::optional<unsigned> output;
};

/// Everything that a device knows about one task.
struct TaskSupport {
  RegisterTable registers;

  /// Refuses, with a diagnostic at the op, what the hardware cannot do.
  llvm::LogicalResult (*verify)(mlir::Operation *task,
                                const DeviceInfo &device) = nullptr;

  /// How starts share the task (DLAVM/Encoding/Partition.h), or null where one
  /// start takes it all.
  Partition (*partition)(mlir::Operation *task, const DeviceInfo &device,
                         const TaskCounts &counts) = nullptr;

  /// Whether each start says which part of the task it computes (the operands
  /// `part` of the op), even where it takes it all.
  bool needsPart = false;

  /// Which maps can lie on the chip; null for none.
  OnChipFlags (*onChip)(const DeviceInfo &device) = nullptr;

  /// Writes the registers of one start.
  void (*encode)(mlir::Operation *task, TaskWriter &writer) = nullptr;

  /// The bytes that a start touches, worked out from register values alone.
  void (*extents)(const RegisterValues &values, const DeviceInfo &device,
                  llvm::SmallVectorImpl<Extent> &extents) = nullptr;

  /// What a start moves and computes, as formulas of the values of these
  /// registers alone; null where nobody knows.
  TaskWork (*work)(const RegisterTable &registers,
                   const DeviceInfo &device) = nullptr;

  /// Reports every contradiction among the register values of a start, and
  /// every value beyond the limits of the device.
  void (*check)(
      const RegisterValues &values, const DeviceInfo &device,
      llvm::function_ref<void(const Register &, std::string)> report) = nullptr;

  /// Computes what the hardware computes in one start, for the simulator.
  void (*execute)(TaskExecution &execution) = nullptr;

  /// How a start with this value of the opcode stands in a block of
  /// instructions; nothing, or null for all, where it cannot.
  std::optional<TaskInstruction> (*instruction)(
      int64_t opcode, const DeviceInfo &device) = nullptr;
};

/// A copy of packed weights from DDR into one HBM port.
struct WeightCopy;

/// The bytes of an object in each port of its memory; one range where the
/// memory has no ports.
using PortBytes = llvm::ArrayRef<llvm::MutableArrayRef<uint8_t>>;
using ConstPortBytes = llvm::ArrayRef<llvm::ArrayRef<uint8_t>>;

/// INT4 weights of consecutive output channels. A block is
/// Traits::weightBlock input channels; the last one of a row is filled up with
/// zeros.
struct WeightRows {
  int64_t inputChannels;
  /// [output channels][blocks * weightBlock], each -7 .. 7.
  llvm::ArrayRef<int8_t> values;
  /// [output channels][blocks], FP16 codes.
  llvm::ArrayRef<uint16_t> scales;
};

/// INT4 weights of consecutive output channels of a convolution.
struct KernelRows {
  /// Pixels of a kernel.
  int64_t pixels;
  int64_t inputChannels;
  /// [output channels][pixels][input channels], each -7 .. 7.
  llvm::ArrayRef<int8_t> values;
};

/// FP16 codes of a pair of values per channel.
struct ChannelPairs {
  llvm::ArrayRef<uint16_t> scales, biases;
  /// The bias of the channels that only the layout has; their scale is 0.
  uint16_t paddingBias = 0;
};

/// Rotations for all positions of the context, FP16 codes
/// [maxTokens][headChannels / 2] of the device's traits; pair i is channels 2i
/// and 2i + 1 of a head, or i and i + headChannels / 2.
struct Rotations {
  llvm::ArrayRef<uint16_t> cosines, sines;
};

/// A piecewise-linear function, FP16 codes: 0 below breakpoints[0], slopes[i] *
/// x + intercepts[i] from breakpoints[i - 1] on. The last segment never ends.
struct Segments {
  llvm::ArrayRef<uint16_t> breakpoints, slopes, intercepts;
};

/// Where an element of a row or of a KV cache lies: in a port, at so many bytes
/// from the address of the whole.
struct ElementPlace {
  int64_t port;
  int64_t offset;
};

/// How a device keeps one kind of object. Of the functions that write and read
/// content, the object's kind has its own, and KV caches have none. Those that
/// write set every byte.
struct ObjectSupport {
  /// The memory that it lies in.
  std::string memory;
  /// Bytes (of one port) of an object of this shape.
  int64_t (*bytes)(llvm::ArrayRef<int64_t> shape, const DeviceInfo &device);

  /// Writes a range of a matrix's output channels, which begins at a multiple
  /// of Traits::channelGranularity and ends at one or at the end of the matrix;
  /// each multiple lies in bytes of its own, one after the other in all ports.
  void (*packWeights)(const WeightRows &rows, const DeviceInfo &device,
                      PortBytes ports) = nullptr;
  /// Writes all output channels of a convolution.
  void (*packKernels)(const KernelRows &rows, const DeviceInfo &device,
                      PortBytes ports) = nullptr;
  void (*packPairs)(const ChannelPairs &pairs, const DeviceInfo &device,
                    PortBytes ports) = nullptr;
  void (*packRotations)(const Rotations &rotations, const DeviceInfo &device,
                        PortBytes ports) = nullptr;
  void (*packSegments)(const Segments &segments, const DeviceInfo &device,
                       PortBytes ports) = nullptr;

  /// Reads one output channel of a whole matrix with values.size() input
  /// channels; nibbles of no value read as 0.
  void (*readWeights)(ConstPortBytes ports, int64_t outputChannel,
                      const DeviceInfo &device,
                      llvm::MutableArrayRef<int8_t> values,
                      llvm::MutableArrayRef<uint16_t> scales) = nullptr;
  /// Reads one output channel of a convolution, [pixels][input channels].
  void (*readKernel)(ConstPortBytes ports, int64_t outputChannel,
                     int64_t inputChannels, const DeviceInfo &device,
                     llvm::MutableArrayRef<int8_t> values) = nullptr;
  /// Reads the first scales.size() channels.
  void (*readPairs)(ConstPortBytes ports, const DeviceInfo &device,
                    llvm::MutableArrayRef<uint16_t> scales,
                    llvm::MutableArrayRef<uint16_t> biases) = nullptr;
};

/// A version of a device family.
class DeviceInfo {
public:
  DeviceInfo(std::string family, std::string version)
      : family(std::move(family)), version(std::move(version)) {}

  /// A new version that starts as a copy of this one.
  DeviceInfo derive(std::string newVersion) const {
    return derive(family, std::move(newVersion));
  }
  /// The same under the name of another family.
  DeviceInfo derive(std::string newFamily, std::string newVersion) const;

  llvm::StringRef getFamily() const { return family; }
  llvm::StringRef getVersion() const { return version; }
  /// "edgellm-20241128" on its default board, "edgellm-20241128@v80" on
  /// another, and what was changed of its memories and conventions:
  /// ",port-stride=0x10000000", ",Softmax_Bits=64".
  std::string getName() const;
  /// The device that it was derived from; empty if it stands by itself.
  llvm::StringRef getOrigin() const { return origin; }

  llvm::ArrayRef<Parameter> getParameters() const { return parameters; }
  /// The value of a parameter; an unknown name is our own mistake.
  int64_t operator[](llvm::StringRef name) const;
  void addParameter(llvm::StringRef name, int64_t value,
                    llvm::StringRef meaning,
                    llvm::ArrayRef<int64_t> allowed = {}) {
    parameters.push_back({name.str(), value, meaning.str(), allowed.vec()});
  }
  /// The parameter of this name if it is a convention, or null.
  const Parameter *getConvention(llvm::StringRef name) const;
  /// Chooses another value of a convention. Fails if it has no such value.
  llvm::Error changeConvention(llvm::StringRef name, int64_t value);
  /// Changes an inherited parameter; an unknown name is our own mistake.
  void setParameter(llvm::StringRef name, int64_t value);
  void removeParameter(llvm::StringRef name);

  /// The support of a task, or null where the device has none.
  const TaskSupport *getTask(TaskKind kind) const;
  const std::map<TaskKind, TaskSupport> &getTasks() const { return tasks; }
  TaskSupport &addTask(TaskKind kind) { return tasks[kind]; }
  void removeTask(TaskKind kind) { tasks.erase(kind); }

  /// How the device keeps objects of this kind, or null if it has none.
  const ObjectSupport *getObject(ObjectKind kind) const;
  const std::map<ObjectKind, ObjectSupport> &getObjects() const {
    return objects;
  }
  ObjectSupport &addObject(ObjectKind kind, ObjectSupport support) {
    return objects[kind] = support;
  }

  /// The boards that have the device, the default first.
  llvm::ArrayRef<Board> getBoards() const { return boards; }
  void addBoard(Board added) { boards.push_back(std::move(added)); }
  /// Replaces those that it was derived with.
  void setBoards(std::vector<Board> others) { boards = std::move(others); }
  /// The board that the device is on.
  const Board &getBoard() const { return boards[board]; }
  /// Puts the device on another of its boards. Fails, with a list of them, if
  /// there is none of this name.
  llvm::Error setBoard(llvm::StringRef name);
  /// Changes what the board leaves open of its open memory: "port-stride" or
  /// "dma-base", in bytes. Ports that are closer than they are large keep the
  /// bytes up to the next one.
  llvm::Error changeMemory(llvm::StringRef what, int64_t bytes);

  llvm::ArrayRef<Memory> getMemories() const {
    if (boards.empty())
      return {};
    return getBoard().memories;
  }
  /// The memory of this name, or null.
  const Memory *getMemory(llvm::StringRef name) const;
  /// Where the operand of an address register of this role lies.
  bool hasMemory(RegisterRole role) const { return findMemory(role); }
  const Memory &getMemory(RegisterRole role) const { return *findMemory(role); }
  /// The memory of the operand of an address register of this start, which may
  /// say that it lies on the chip.
  const Memory &getMemory(const RegisterValues &values,
                          const Register &reg) const;
  /// The memory on the chip that starts leave maps in for others, or null.
  const Memory *getOnChipMemory() const;
  /// Where feature maps lie, but for those on the chip.
  const Memory &getMapMemory() const { return *getMemory(mapMemory); }
  void setMapMemory(std::string name) { mapMemory = std::move(name); }

  Traits getTraits() const { return traits(*this); }
  /// Works the traits out from the parameters.
  Traits (*traits)(const DeviceInfo &device) = nullptr;

  /// How fast the device is; nothing where nobody knows.
  std::optional<Rates> getRates() const {
    return rates ? std::optional(rates(*this)) : std::nullopt;
  }
  /// Works the rates out from the parameters; null for none.
  Rates (*rates)(const DeviceInfo &device) = nullptr;

  /// How the device reads tasks from its memory; nothing where it does not.
  std::optional<InstructionBlocks> getInstructionBlocks() const {
    return instructionBlocks ? instructionBlocks(*this) : std::nullopt;
  }
  /// Works the blocks out from the parameters; null for none.
  std::optional<InstructionBlocks> (*instructionBlocks)(
      const DeviceInfo &device) = nullptr;

  /// Where one number of a row lies. A feature map is a row for each token of
  /// each surface, token after token and then surface after surface.
  ElementPlace (*placeLane)(const DeviceInfo &device, int64_t lane) = nullptr;
  /// Where one number of a KV cache lies (ObjectKind::KVCache).
  ElementPlace (*placeCacheElement)(const DeviceInfo &device, bool isKeys,
                                    int64_t head, int64_t token,
                                    int64_t channel) = nullptr;

  /// How many rows of an image of so many columns and channels a start of
  /// TaskKind::Conv2D can read; null where the device has no such task. A
  /// kernel with more rows cannot move over a larger image.
  int64_t (*countImageRows)(const DeviceInfo &device, int64_t columns,
                            int64_t channels) = nullptr;

  /// Writes the registers of one start of TaskKind::WeightCopy, which copies at
  /// most `weightCopyBytes`; null where the device has no such task.
  void (*encodeWeightCopy)(const WeightCopy &copy,
                           TaskWriter &writer) = nullptr;
  int64_t weightCopyBytes = 0;

private:
  const Memory *findMemory(RegisterRole role) const;

  std::string family;
  std::string version;
  std::string origin;
  std::vector<Parameter> parameters;
  std::map<TaskKind, TaskSupport> tasks;
  std::map<ObjectKind, ObjectSupport> objects;
  std::vector<Board> boards;
  size_t board = 0;
  /// What `changeMemory` and `changeConvention` changed, as the name says it.
  std::map<std::string, std::string> changes;
  std::string mapMemory;
};

/// Says what a record lacks, or where it contradicts itself.
llvm::Error validate(const DeviceInfo &device);

/// The known devices. Tools register those of the project, tests their own.
class DeviceRegistry {
public:
  /// The registry that passes look devices up in.
  static DeviceRegistry &instance();

  DeviceRegistry();
  DeviceRegistry(DeviceRegistry &&);
  ~DeviceRegistry();

  /// Fails, and adds nothing, if the record is not complete on each of its
  /// boards.
  llvm::Error add(DeviceInfo device);
  /// Adds a device that \p create makes, of this name, when it is first asked
  /// for: a program that needs one of many devices waits for no other. Where
  /// the record is then not complete, which is our own mistake, the program
  /// says so and ends.
  void addLazily(llvm::StringRef name, std::function<DeviceInfo()> create);
  /// The device of this name, or null: a version, "@" and the board unless it
  /// is the default one, and after commas what is changed of its memories and
  /// conventions, as DeviceInfo::getName has it.
  const DeviceInfo *lookup(llvm::StringRef name) const;
  /// "a, b, c"
  std::string getNames() const;
  /// Remembers why there is no device of this name.
  void addMissing(llvm::StringRef name, llvm::StringRef reason) {
    missing[name.str()] = reason.str();
  }
  /// Why `lookup` finds nothing, and what there is: "there is no device 'd';
  /// known devices: a, b, c", "the boards of a are b, c; there is no 'd'".
  std::string explainMissing(llvm::StringRef name) const;
  /// The default board of each version.
  const std::map<std::string, DeviceInfo> &getDevices() const;

private:
  /// What lookups add to, from several threads.
  struct State;

  llvm::Expected<DeviceInfo> resolve(llvm::StringRef name) const;

  /// Names that people may know, and why they are no devices.
  std::map<std::string, std::string> missing;
  std::unique_ptr<State> state;
};

/// Prints what `dlavm devices` shows: every version, how it differs from the
/// one that it was derived from, and its boards.
void printDevices(const DeviceRegistry &registry, llvm::raw_ostream &os);

/// Prints the parameters of a device, and its boards with their memories.
void printDevice(const DeviceInfo &device, llvm::raw_ostream &os);

/// Prints a line for each parameter and register that two devices differ in,
/// which \p device has and \p origin had.
void printDifferences(const DeviceInfo &device, const DeviceInfo &origin,
                      llvm::raw_ostream &os);

/// Prints the register tables of a device as a Markdown page.
void printRegisterPage(const DeviceInfo &device, llvm::raw_ostream &os);

} // namespace dlavm

#endif // DLAVM_DEVICE_DEVICEINFO_H
