//===- ApiError.h - Errors in OpenAI's form ------------------- -*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_HOST_SERVER_APIERROR_H
#define DLAVM_HOST_SERVER_APIERROR_H

#include <exception>
#include <string>

namespace dlavm::host {

/// A failure as a client of OpenAI's interface expects it.
class ApiError : public std::exception {
public:
  /// \p parameter and \p code may be empty. The type follows from the status.
  ApiError(int status, std::string message, std::string parameter = "",
           std::string code = "")
      : status(status), message(std::move(message)),
        parameter(std::move(parameter)), code(std::move(code)) {}

  const char *what() const noexcept override { return message.c_str(); }
  int getStatus() const { return status; }
  /// {"error": {...}}, in one line.
  std::string toJson() const;

private:
  int status;
  std::string message, parameter, code;
};

} // namespace dlavm::host

#endif // DLAVM_HOST_SERVER_APIERROR_H
