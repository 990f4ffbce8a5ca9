# cmake -DOUTPUT=... -DMODELS="a.tenon;b.tenon" -P embed_models.cmake
# Writes a source that holds the shipped model files as text, so that one binary is enough.
set(text "#include \"app/shipped_models.h\"\n\nnamespace tenon {\n\nstd::vector<model::SourceFile> ShippedModels() {\n  std::vector<model::SourceFile> files;\n")
foreach(path ${MODELS})
  file(READ "${path}" content)
  get_filename_component(name "${path}" NAME)
  string(APPEND text "  files.push_back({\"models/${name}\", R\"TENON(${content})TENON\"});\n")
endforeach()
string(APPEND text "  return files;\n}\n\n}  // namespace tenon\n")
file(WRITE "${OUTPUT}" "${text}")
