//===- CSBDialect.td - The csb dialect ---------------------*- tablegen -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_DIALECT_CSB_IR_CSBDIALECT_TD
#define DLAVM_DIALECT_CSB_IR_CSBDIALECT_TD

include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/EnumAttr.td"
include "mlir/IR/OpBase.td"

def CSB_Dialect : Dialect {
  let name = "csb";
  let cppNamespace = "::dlavm::csb";
  let summary = "How an accelerator is driven: register writes, polls and DMA";
  let description = [{
    Mirrors the driver's API one to one, so that the emission of C++ holds no
    logic. Values are i32 (register words) and i64 (addresses, because DDR goes
    beyond 2^31); arithmetic is that of the arith dialect, loops are `scf.for`,
    branches `scf.if`.

    Registers, buffers and objects are symbols, so that the driver source can
    name them. What parameter files are made of stays in the module, too: the
    `csb.parameter` declarations lie in a module of their own, so that their
    names may be those of buffers. Nothing of the other levels is left.

    The module names its device: `csb.device = "edgellm-20241128"`. Its attribute
    `csb.fingerprint` is 16 hexadecimal digits that
    its driver and the parameter files for it have in common. The pass
    `csb-prepare-emission` gives ops the name that they have in the driver
    source, `csb.name`, and functions those of their arguments, `csb.arg_names`.
    A loop over the starts of a task may say what on the chip holds no more,
    `csb.limit`, for the report.

    ```mlir
    csb.register_table @mvm "matrix-vector multiply with INT4 weights" {
      csb.register @InputWidth = 3
      csb.register @Mode = 33 {Plain = 287 : i64}
      csb.register @Status = 1
    }
    csb.buffer @norm "DDR" at 524288 bytes 16777216 live [0, 8]
    func.func @layer(%layer: i32, %seq: i32, %past: i32) {
      %norm = csb.address_of @norm : i64
      csb.task "query"[%layer] "linear 4096 -> 4096"
      csb.write @mvm::@InputWidth, %seq : i32
      csb.write @mvm::@InputAddress, %norm : i64
      csb.write @mvm::@Mode, %plain : i32
      csb.poll @mvm::@Status until 1
      return
    }
    ```
  }];
  // Parameters say with its attributes how heads lie.
  let dependentDialects = ["::dlavm::llm::LLMDialect"];
  let useDefaultTypePrinterParser = 1;
  let hasOperationAttrVerify = 1;
  let hasRegionArgAttrVerify = 1;
  let hasRegionResultAttrVerify = 1;
  let extraClassDeclaration = [{
    /// The module attribute that names the device, a string.
    static constexpr ::llvm::StringLiteral getDeviceAttrName() {
      return "csb.device";
    }
    /// The module attribute with the fingerprint.
    static constexpr ::llvm::StringLiteral getFingerprintAttrName() {
      return "csb.fingerprint";
    }
    /// The attribute of an op with its name in the driver source, an identifier.
    static constexpr ::llvm::StringLiteral getNameAttrName() {
      return "csb.name";
    }
    /// The attribute of a loop over the starts of a task: a string that says
    /// what on the chip holds no more.
    static constexpr ::llvm::StringLiteral getLimitAttrName() {
      return "csb.limit";
    }
    /// The attribute of a function with the names of its arguments.
    static constexpr ::llvm::StringLiteral getArgNamesAttrName() {
      return "csb.arg_names";
    }
  }];
}

class CSB_Type<string name, string typeMnemonic>
    : TypeDef<CSB_Dialect, name> {
  let mnemonic = typeMnemonic;
}

def CSB_RowsType : CSB_Type<"Rows", "rows"> {
  let summary = "FP16 rows [tokens][channels] in the memory of the host";
}

def CSB_IdsType : CSB_Type<"Ids", "ids"> {
  let summary = "token ids in the memory of the host";
}

def CSB_DirectoryType : CSB_Type<"Directory", "directory"> {
  let summary = "a directory of parameter files";
}

#endif // DLAVM_DIALECT_CSB_IR_CSBDIALECT_TD
