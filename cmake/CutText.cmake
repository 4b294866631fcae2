# cut_text(TEXT RESULT): the text as raw string literals of C++. They have a length limit in some compilers, so
# it is cut into several.
function(cut_text text result)
  string(LENGTH "${text}" length)
  set(literals "")
  set(position 0)
  while(position LESS length)
    string(SUBSTRING "${text}" ${position} 8000 piece)
    string(APPEND literals "\n    R\"dlavm(${piece})dlavm\"")
    math(EXPR position "${position} + 8000")
  endwhile()
  set(${result} "${literals}" PARENT_SCOPE)
endfunction()
