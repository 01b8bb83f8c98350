using System.Reflection;

namespace DemEngine;

/// <summary>
/// One way in which a request, an input or a run can be wrong. Its number never changes once published, so that scripts can
/// match on it. The message that goes with it may be reworded.
/// </summary>
public sealed class ErrorCode
{
    private const int TemporaryFailure = 75;

    private ErrorCode(int number, string meaning, string remedy, bool isTemporary = false)
    {
        IsTemporary = isTemporary;
        Number = number;
        Meaning = meaning;
        Remedy = remedy;
    }

    /// <summary>
    /// Number of the error, printed as <c>DEMnnnn</c>: 1xxx request, 2xxx checkpoint, model or data, 3xxx recipe, 4xxx run.
    /// </summary>
    public int Number { get; }

    /// <summary>Meaning of the code, in one sentence.</summary>
    public string Meaning { get; }

    /// <summary>Advice on what the user can do about the error.</summary>
    public string Remedy { get; }

    /// <summary>True for a failure while running (exit code 1); false for a wrong request or input (exit code 2).</summary>
    public bool IsRunFailure => Number >= 4000;

    /// <summary>True if the same request may well succeed later, because something else is in the way only now.</summary>
    public bool IsTemporary { get; }

    /// <summary>
    /// Process exit code of this error: 75 (EX_TEMPFAIL of sysexits.h) for what passes by itself, 1 for another failure while
    /// running, 2 for a wrong request or input.
    /// </summary>
    public int ExitCode => IsTemporary ? TemporaryFailure : IsRunFailure ? 1 : 2;

    /// <inheritdoc/>
    public override string ToString() => $"DEM{Number}";

    // ---- 1xxx: the request ----

    /// <summary>DEM1001: An argument or option has a value that cannot be used.</summary>
    public static readonly ErrorCode BadArgument = new(
        1001,
        "An argument or option has a value that cannot be used.",
        "The message says which value, and what is allowed.");

    /// <summary>DEM1002: The output folder already exists.</summary>
    public static readonly ErrorCode OutputExists = new(
        1002,
        "The output folder already exists.",
        "Choose another output folder, or allow it to be replaced once the new one is complete "
        + "(RunOptions.Overwrite).");

    /// <summary>DEM1003: A folder that this engine did not write, or a file, was to be replaced.</summary>
    public static readonly ErrorCode OutputNotOurs = new(
        1003,
        "A folder that this engine did not write, or a file, was to be replaced.",
        "Move it away yourself if it is no longer needed, or choose another output folder.");

    /// <summary>DEM1004: The output folder is, contains, or lies inside one of the inputs.</summary>
    public static readonly ErrorCode OutputOverlapsInput = new(
        1004,
        "The output folder is, contains, or lies inside one of the inputs.",
        "Choose an output folder outside every input folder.");

    /// <summary>DEM1005: An unfinished run of an earlier command lies beside the output.</summary>
    public static readonly ErrorCode UnfinishedRun = new(
        1005,
        "An unfinished run of an earlier command lies beside the output.",
        "Go on with it or discard it (RunOptions.Unfinished).");

    /// <summary>DEM1006: An unfinished run was to be resumed, but none lies beside the output.</summary>
    public static readonly ErrorCode NothingToResume = new(
        1006,
        "An unfinished run was to be resumed, but none lies beside the output.",
        "Start without resuming.");

    /// <summary>DEM1007: The unfinished run was made from another recipe, other inputs or other options.</summary>
    public static readonly ErrorCode ResumeMismatch = new(
        1007,
        "The unfinished run was made from another recipe, other inputs or other options.",
        "Make the original request again, or discard the unfinished run (RunOptions.Unfinished).");

    /// <summary>DEM1008: Another process is writing the same output.</summary>
    public static readonly ErrorCode OutputBusy = new(
        1008,
        "Another process is writing the same output.",
        "Wait for it, or choose another output folder.",
        isTemporary: true);

    /// <summary>DEM1009: This build of the program does not include the feature.</summary>
    public static readonly ErrorCode NotInThisBuild = new(
        1009,
        "This build of the program does not include the feature.",
        "Use the program of the .NET tool, which includes everything: `dotnet tool install -g DemEngine.Cli`.");

    /// <summary>DEM1010: A device is not there or cannot be used.</summary>
    public static readonly ErrorCode NoSuchDevice = new(
        1010,
        "A device is not there or cannot be used.",
        "List the devices to see what there is; the processor is always there and gives the same bytes.");

    /// <summary>DEM1021: Torch's native library, libtorch, cannot be loaded.</summary>
    public static readonly ErrorCode TorchNotLoaded = new(
        1021,
        "Torch's native library, libtorch, cannot be loaded.",
        "Bring the libtorch package of this platform, in the version that the message names, or name the folder "
        + "of another libtorch in the environment variable DEM_LIBTORCH.");

    /// <summary>DEM1022: Torch does not find a device.</summary>
    public static readonly ErrorCode NoTorchDevice = new(
        1022,
        "Torch does not find a device.",
        "The device \"cpu\" is always there; NVIDIA's devices need the libtorch packages for CUDA 12.8.");

    /// <summary>DEM1023: Torch's native library, libtorch, is not there.</summary>
    public static readonly ErrorCode TorchNotFound = new(
        1023,
        "Torch's native library, libtorch, is not there.",
        "Bring the package libtorch-cpu or libtorch-cuda-12.8 of this platform, or name the folder of an "
        + "existing libtorch in the environment variable DEM_LIBTORCH.");

    /// <summary>DEM1024: A library of the system is older than Torch needs.</summary>
    public static readonly ErrorCode SystemLibraryTooOld = new(
        1024,
        "A library of the system is older than Torch needs.",
        "Install the C++ runtime of GCC 13 or newer.");

    /// <summary>DEM1025: A package cannot be fetched from the NuGet sources.</summary>
    public static readonly ErrorCode PackageNotFetched = new(
        1025,
        "A package cannot be fetched from the NuGet sources.",
        "See `dotnet nuget list source`, or name another source.",
        isTemporary: true);

    /// <summary>DEM1026: A package is not what was published: it has another hash.</summary>
    public static readonly ErrorCode PackageDamaged = new(
        1026,
        "A package is not what was published: it has another hash.",
        "Fetch it again; if that does not help, do not use this source.");

    // ---- 1030 to 1039: merges in parts ----

    /// <summary>DEM1030: A plan does not fit what is there now: its inputs, its recipe's files or the engine.</summary>
    public static readonly ErrorCode PlanMismatch = new(
        1030,
        "A plan does not fit what is there now: its inputs, its recipe's files or the engine.",
        "Use the engine and the inputs that the plan was made with, or copies of them; or plan again.");

    /// <summary>DEM1031: There is no part of that number, or another number of parts than of tasks.</summary>
    public static readonly ErrorCode NoSuchPart = new(
        1031,
        "There is no part of that number, or another number of parts than of tasks.",
        "Start as many tasks as there are parts; their numbers start from 0.");

    /// <summary>DEM1032: A file is not a plan that this version reads.</summary>
    public static readonly ErrorCode BadPlan = new(
        1032,
        "A file is not a plan that this version reads.",
        "Name the file that planning wrote, or plan again.");

    /// <summary>DEM1033: Parts of a plan are not finished.</summary>
    public static readonly ErrorCode PartsMissing = new(
        1033,
        "Parts of a plan are not finished.",
        "Wait for the parts that the message names, or run them again; then join.",
        isTemporary: true);

    /// <summary>DEM1034: Parts of another plan for the same output lie beside it.</summary>
    public static readonly ErrorCode OtherPlan = new(
        1034,
        "Parts of another plan for the same output lie beside it.",
        "Join that plan or discard its parts (RunOptions.Unfinished), or choose another output.");

    /// <summary>DEM1035: The folder in which the parts of a plan are collected is not there.</summary>
    public static readonly ErrorCode PlanNotBegun = new(
        1035,
        "The folder in which the parts of a plan are collected is not there.",
        "See that this machine has the shared folder; if the folder was deleted, plan again.");

    /// <summary>DEM1036: A merge cannot be done in parts.</summary>
    public static readonly ErrorCode NotInParts = new(
        1036,
        "A merge cannot be done in parts.",
        "Merge it on one machine; the message says why.");

    /// <summary>DEM1037: Parts of a plan have not measured what others need of them.</summary>
    public static readonly ErrorCode MeasurementsMissing = new(
        1037,
        "Parts of a plan have not measured what others need of them.",
        "Wait for the measurements of the parts that the message names, or run them again; then make the parts.",
        isTemporary: true);
    /// <summary>DEM1040: A model that is held in memory or open has no tensor or file of that name.</summary>
    public static readonly ErrorCode NoSuchTensor = new(
        1040,
        "A model that is held in memory or open has no tensor or file of that name.",
        "List the names that it has, and ask for one of them.");

    // ---- 105x: stores ----

    /// <summary>DEM1050: The address of a model or an output cannot be used.</summary>
    public static readonly ErrorCode BadStoreAddress = new(
        1050,
        "The address of a model or an output cannot be used.",
        "Name a folder or file on disk, or an address that the message says is known.");

    /// <summary>DEM1051: What was asked for is not done with files that are not on this machine.</summary>
    public static readonly ErrorCode NotInStore = new(
        1051,
        "What was asked for is not done with files that are not on this machine.",
        "Name a folder on disk; the message says which path is meant.");

    /// <summary>DEM1052: An unfinished run was to be resumed, but a finished output is there and no unfinished one.</summary>
    public static readonly ErrorCode AlreadyFinished = new(
        1052,
        "An unfinished run was to be resumed, but a finished output is there and no unfinished one.",
        "If it is the output of this request, use it. To make it anew, allow it to be replaced (RunOptions.Overwrite), and start "
        + "without resuming.");

    // ---- 2xxx: checkpoints ----

    /// <summary>DEM2001: The path of a checkpoint does not exist or holds no checkpoint.</summary>
    public static readonly ErrorCode CheckpointNotFound = new(
        2001,
        "The path of a checkpoint does not exist or holds no checkpoint.",
        "Give a folder with model.safetensors or pytorch_model.bin, or with their shards and index, or one file of weights.");

    /// <summary>DEM2002: A file is shorter than its header says.</summary>
    public static readonly ErrorCode TruncatedFile = new(
        2002,
        "A file is shorter than its header says.",
        "Download or copy the file again; compare its size with the source.");

    /// <summary>DEM2003: The header length is larger than the file or than the format's limit of 100 MB.</summary>
    public static readonly ErrorCode HeaderTooLarge = new(
        2003,
        "The header length is larger than the file or than the format's limit of 100 MB.",
        "The file is not safetensors or is damaged; fetch it again.");

    /// <summary>DEM2004: The header is not a valid UTF-8 JSON object of the safetensors form.</summary>
    public static readonly ErrorCode HeaderNotJson = new(
        2004,
        "The header is not a valid UTF-8 JSON object of the safetensors form.",
        "The file is not safetensors or is damaged; fetch it again.");

    /// <summary>DEM2005: A tensor name, or another JSON key, occurs twice.</summary>
    public static readonly ErrorCode DuplicateName = new(
        2005,
        "A tensor name, or another JSON key, occurs twice.",
        "Save the checkpoint again; a name must be unique in a file and across shards.");

    /// <summary>DEM2006: A tensor has an element type that this tool does not read.</summary>
    public static readonly ErrorCode UnknownElementType = new(
        2006,
        "A tensor has an element type that this tool does not read.",
        "Convert the tensor to a type that safetensors 0.8 has, such as BF16.");

    /// <summary>
    /// DEM2007: A tensor's shape is not a list of non-negative integers, or its size overflows or is no whole number of bytes.
    /// </summary>
    public static readonly ErrorCode BadShape = new(
        2007,
        "A tensor's shape is not a list of non-negative integers, or its size overflows or is no whole number of bytes.",
        "Save the checkpoint again.");

    /// <summary>DEM2008: A tensor's data offsets are reversed, out of range, overlap or leave a hole.</summary>
    public static readonly ErrorCode BadOffsets = new(
        2008,
        "A tensor's data offsets are reversed, out of range, overlap or leave a hole.",
        "Save the checkpoint again.");

    /// <summary>DEM2009: A tensor's byte count differs from its element type times its shape.</summary>
    public static readonly ErrorCode SizeMismatch = new(
        2009,
        "A tensor's byte count differs from its element type times its shape.",
        "Save the checkpoint again.");

    /// <summary>DEM2010: The index file is not JSON of the expected form, or disagrees with its shards.</summary>
    public static readonly ErrorCode BadIndex = new(
        2010,
        "The index file is not JSON of the expected form, or disagrees with its shards.",
        "Fetch the index and all shards again, from the same revision.");

    /// <summary>DEM2011: The index names a shard that is not a plain file name in the checkpoint's folder.</summary>
    public static readonly ErrorCode ShardOutsideFolder = new(
        2011,
        "The index names a shard that is not a plain file name in the checkpoint's folder.",
        "Do not trust this checkpoint; a shard name must have no folder part.");

    /// <summary>DEM2012: A shard that the index names is not there.</summary>
    public static readonly ErrorCode MissingShard = new(
        2012,
        "A shard that the index names is not there.",
        "Fetch the missing shard.");

    /// <summary>DEM2013: The folder holds both model.safetensors and an index of other shards.</summary>
    public static readonly ErrorCode AmbiguousCheckpoint = new(
        2013,
        "The folder holds both model.safetensors and an index of other shards.",
        "Remove the one that is not meant, or name the file itself.");

    /// <summary>DEM2014: A source lacks tensors that the base has.</summary>
    public static readonly ErrorCode MissingTensor = new(
        2014,
        "A source lacks tensors that the base has.",
        "Take the base's tensors there (AlignmentOptions.Missing), or fix the source.");

    /// <summary>DEM2015: A source has tensors that the base lacks.</summary>
    public static readonly ErrorCode ExtraTensor = new(
        2015,
        "A source has tensors that the base lacks.",
        "Leave them out (AlignmentOptions.Extra), or fix the source.");

    /// <summary>DEM2016: A tensor has different shapes in the base and in a source.</summary>
    public static readonly ErrorCode ShapeMismatch = new(
        2016,
        "A tensor has different shapes in the base and in a source.",
        "Merge only models of one architecture and size.");

    /// <summary>DEM2017: An embedding or output matrix has different row counts (vocabularies).</summary>
    public static readonly ErrorCode VocabularyMismatch = new(
        2017,
        "An embedding or output matrix has different row counts (vocabularies).",
        "Keep the base's rows, or the rows that all have (AlignmentOptions.Vocabulary).");

    /// <summary>DEM2018: A tensor holds numbers in one checkpoint and integers or booleans in another.</summary>
    public static readonly ErrorCode TypeMismatch = new(
        2018,
        "A tensor holds numbers in one checkpoint and integers or booleans in another.",
        "Merge only checkpoints of one kind.");

    /// <summary>DEM2019: A distribution vector was extracted from another base than the one given.</summary>
    public static readonly ErrorCode WrongBase = new(
        2019,
        "A distribution vector was extracted from another base than the one given.",
        "Give the base that the vector was extracted from, or extract it again.");

    /// <summary>DEM2020: A checkpoint given as a distribution vector has no vector metadata.</summary>
    public static readonly ErrorCode NotAVector = new(
        2020,
        "A checkpoint given as a distribution vector has no vector metadata.",
        "Extract it again, or give it as `model:` instead of `vector:`.");

    /// <summary>DEM2021: dem-manifest.json is missing or cannot be read.</summary>
    public static readonly ErrorCode BadManifest = new(
        2021,
        "dem-manifest.json is missing or cannot be read.",
        "Only folders written by this tool can be verified.");

    /// <summary>DEM2022: A file exists but cannot be opened or read.</summary>
    public static readonly ErrorCode UnreadableFile = new(
        2022,
        "A file exists but cannot be opened or read.",
        "Check its permissions and the disk.");

    /// <summary>DEM2023: A configuration or tokenizer file is missing or cannot be read.</summary>
    public static readonly ErrorCode BadSideFile = new(
        2023,
        "A configuration or tokenizer file is missing or cannot be read.",
        "Fetch the file again.");

    /// <summary>DEM2024: A model's weights are quantised: codes with scales beside them.</summary>
    public static readonly ErrorCode Quantized = new(
        2024,
        "A model's weights are quantised: codes with scales beside them.",
        "Give the model in BF16, F16 or F32: the one it was quantised from, or save it dequantised. "
        + "Quantise the merged model afterwards.");

    /// <summary>DEM2025: An adapter, such as LoRA, was given as a model.</summary>
    public static readonly ErrorCode Adapter = new(
        2025,
        "An adapter, such as LoRA, was given as a model.",
        "Name the adapter with the model that it belongs to, as MODEL+ADAPTER, or in a recipe as `lora: ADAPTER` beside "
        + "`model: MODEL`.");

    /// <summary>DEM2026: The file holds the state of an optimizer.</summary>
    public static readonly ErrorCode OptimizerState = new(
        2026,
        "The file holds the state of an optimizer.",
        "Give the folder or file with the model's weights.");

    /// <summary>DEM2028: Layers cannot be stacked as asked: their model expects another kind of layer there.</summary>
    public static readonly ErrorCode LayersDoNotFit = new(
        2028,
        "Layers cannot be stacked as asked: their model expects another kind of layer there.",
        "Take layers that have the kind of their new place, for example by moving whole periods of layers.");

    /// <summary>DEM2029: A recipe has a gradient over the layers, and the model's tensors show no layers.</summary>
    public static readonly ErrorCode NoLayers = new(
        2029,
        "A recipe has a gradient over the layers, and the model's tensors show no layers.",
        "Give one number instead of the gradient, or a list of filter and value.");

    /// <summary>DEM2030: A tensor may have a row for each token, and it is not known whether it has.</summary>
    public static readonly ErrorCode UnknownVocabularyTensor = new(
        2030,
        "A tensor may have a row for each token, and it is not known whether it has.",
        "Bring the models to one vocabulary first, as with resize_token_embeddings of Python's transformers, and merge them "
        + "without `tokenizer_source`.");

    /// <summary>DEM2031: Two models store the experts of a mixture in different ways.</summary>
    public static readonly ErrorCode ExpertLayouts = new(
        2031,
        "Two models store the experts of a mixture in different ways.",
        "Save both models with the same version of transformers, so that both have a tensor for each expert, or both one tensor "
        + "for all experts of a layer.");

    /// <summary>DEM2032: Codes of a quantised model lack a tensor that gives them their values, such as a scale.</summary>
    public static readonly ErrorCode MissingScale = new(
        2032,
        "Codes of a quantised model lack a tensor that gives them their values, such as a scale.",
        "Fetch all files of the model again; the message names what is missing.");

    /// <summary>DEM2033: Scales, zero points or codes of a quantised tensor do not fit each other or the configuration.</summary>
    public static readonly ErrorCode QuantizedShape = new(
        2033,
        "Scales, zero points or codes of a quantised tensor do not fit each other or the configuration.",
        "Fetch the model and its config.json again, from one revision; if it is as its maker wrote it, give it in BF16.");

    /// <summary>DEM2034: A scale of a quantised model is NaN or infinite.</summary>
    public static readonly ErrorCode BadScale = new(
        2034,
        "A scale of a quantised model is NaN or infinite.",
        "The file is damaged or was quantised from broken weights; fetch it again, or give the model in BF16.");

    /// <summary>DEM2035: A group index of a quantised tensor points at a group that is not there.</summary>
    public static readonly ErrorCode BadGroupIndex = new(
        2035,
        "A group index of a quantised tensor points at a group that is not there.",
        "The file is damaged; fetch it again, or give the model in BF16.");

    /// <summary>DEM2036: A GGUF file is not as its format demands.</summary>
    public static readonly ErrorCode BadGguf = new(
        2036,
        "A GGUF file is not as its format demands.",
        "Fetch the file again, or convert the model again.");

    /// <summary>DEM2037: A GGUF file holds an architecture, a type or a tensor that is not read.</summary>
    public static readonly ErrorCode UnknownGguf = new(
        2037,
        "A GGUF file holds an architecture, a type or a tensor that is not read.",
        "Give the safetensors model that it was made from.");

    /// <summary>DEM2041: A file of PyTorch is a zip archive that is damaged.</summary>
    public static readonly ErrorCode BadTorchFile = new(
        2041,
        "A file of PyTorch is a zip archive that is damaged.",
        "Fetch or copy the file again; compare its size with the source.");

    /// <summary>DEM2042: A file of PyTorch is in a form that is not read.</summary>
    public static readonly ErrorCode TorchFormNotRead = new(
        2042,
        "A file of PyTorch is in a form that is not read.",
        "Load it in Python and save its state_dict with torch.save of PyTorch 1.6 or later, or as safetensors.");

    /// <summary>DEM2043: The pickle in a file of PyTorch is damaged, or not one of weights.</summary>
    public static readonly ErrorCode BadPickle = new(
        2043,
        "The pickle in a file of PyTorch is damaged, or not one of weights.",
        "Fetch the file again. If it is as its maker wrote it, load it in Python where nothing can be harmed, and save its "
        + "weights as safetensors.");

    /// <summary>DEM2044: A pickle names a class or function that weights do not need.</summary>
    public static readonly ErrorCode UnknownPickleName = new(
        2044,
        "A pickle names a class or function that weights do not need.",
        "Pickles are read here and not run. If you trust the file, load it in Python where nothing can be harmed, and save its "
        + "weights as plain tensors, with safetensors.torch.save_file.");

    /// <summary>DEM2045: A file of PyTorch holds no dictionary of weights where one is looked for.</summary>
    public static readonly ErrorCode NoStateDict = new(
        2045,
        "A file of PyTorch holds no dictionary of weights where one is looked for.",
        "Looked for are tensors by their names, at the top or under state_dict, model_state_dict, model, module, params_ema or "
        + "params. Load the file in Python where nothing can be harmed, and save the model's state_dict().");

    /// <summary>DEM2046: A tensor of a PyTorch file lies outside its storage, or is of a kind that is not read.</summary>
    public static readonly ErrorCode BadTorchTensor = new(
        2046,
        "A tensor of a PyTorch file lies outside its storage, or is of a kind that is not read.",
        "If its type is the reason, convert it in Python and save the model again; else fetch the file again.");

    /// <summary>DEM2047: An adapter changes what the model does not have, or has in another shape.</summary>
    public static readonly ErrorCode AdapterDoesNotFit = new(
        2047,
        "An adapter changes what the model does not have, or has in another shape.",
        "Give the model that the adapter was trained on; adapter_config.json names it as base_model_name_or_path.");

    /// <summary>DEM2048: The tensors or the configuration of an adapter are incomplete or contradict each other.</summary>
    public static readonly ErrorCode BadAdapter = new(
        2048,
        "The tensors or the configuration of an adapter are incomplete or contradict each other.",
        "Fetch the adapter's files again, from one revision.");

    /// <summary>DEM2049: An adapter is of a kind that is not read.</summary>
    public static readonly ErrorCode UnknownAdapter = new(
        2049,
        "An adapter is of a kind that is not read.",
        "Merge it into its model with the library that made it, such as PEFT's merge_and_unload(), and give the model that is "
        + "saved then.");

    /// <summary>DEM2050: What was given as an adapter is none.</summary>
    public static readonly ErrorCode NotAnAdapter = new(
        2050,
        "What was given as an adapter is none.",
        "Give the folder with adapter_model.safetensors, or the adapter's file; a model goes under `model:`.");

    /// <summary>DEM2051: A model is none that a mixture of experts is built from.</summary>
    public static readonly ErrorCode NoMixtureSource = new(
        2051,
        "A model is none that a mixture of experts is built from.",
        "Give dense models of one architecture: Llama, Mistral, Qwen2 or Qwen3.");

    /// <summary>DEM2052: An expert's MLP does not fit the model that the mixture is built on.</summary>
    public static readonly ErrorCode ExpertDoesNotFit = new(
        2052,
        "An expert's MLP does not fit the model that the mixture is built on.",
        "Give experts that were fine-tuned from the base model, or from the model that it was fine-tuned from.");

    /// <summary>DEM2053: An expert has another vocabulary than the model that the mixture is built on.</summary>
    public static readonly ErrorCode ExpertVocabulary = new(
        2053,
        "An expert has another vocabulary than the model that the mixture is built on.",
        "Give experts that were fine-tuned from the base model, or from the model that it was fine-tuned from.");

    /// <summary>DEM2054: The experts of a model cannot be stored in the way that is asked for.</summary>
    public static readonly ErrorCode ExpertStorage = new(
        2054,
        "The experts of a model cannot be stored in the way that is asked for.",
        "Leave the experts as they are stored.");

    /// <summary>DEM2057: Models of a recipe are diffusers pipelines that do not fit together.</summary>
    public static readonly ErrorCode PipelineMismatch = new(
        2057,
        "Models of a recipe are diffusers pipelines that do not fit together.",
        "Give roots of pipelines of one kind for all models, or merge one component at a time by its folder.");

    /// <summary>DEM2059: A model is none that a GGUF file is written of.</summary>
    public static readonly ErrorCode NotForGguf = new(
        2059,
        "A model is none that a GGUF file is written of.",
        "Write it as safetensors, and convert that with llama.cpp's convert_hf_to_gguf.py.");

    /// <summary>DEM2060: A model's tokenizer is missing, or none that a GGUF file is written of.</summary>
    public static readonly ErrorCode TokenizerNotForGguf = new(
        2060,
        "A model's tokenizer is missing, or none that a GGUF file is written of.",
        "Put the tokenizer.json that belongs to the model into its folder; or write the model as safetensors, and convert that "
        + "with llama.cpp's convert_hf_to_gguf.py.");

    // ---- 207x: stores ----

    /// <summary>DEM2070: A folder or file of a store is not there.</summary>
    public static readonly ErrorCode StoreFileNotFound = new(
        2070,
        "A folder or file of a store is not there.",
        "Check the address, and the revision in it. Where a model needs permission to be seen, a store may say this without it.");

    /// <summary>DEM2071: A store refuses access to a model.</summary>
    public static readonly ErrorCode StoreAccessRefused = new(
        2071,
        "A store refuses access to a model.",
        "Give the credentials that the store expects, and get its permission for the model first where it asks for that.");

    /// <summary>DEM2072: The answer of a store is not one that can be relied on.</summary>
    public static readonly ErrorCode BadStoreAnswer = new(
        2072,
        "The answer of a store is not one that can be relied on.",
        "Copy the model to a disk with a tool that the store recommends, and name that folder; the server or a proxy on the way "
        + "does not keep to the protocol.");

    /// <summary>DEM2073: What a store sent is not what the model's own hashes say.</summary>
    public static readonly ErrorCode StoreContentsWrong = new(
        2073,
        "What a store sent is not what the model's own hashes say.",
        "Run again; if it happens again, the model in the store is damaged, and has to be stored there anew. Where it was "
        + "changed after it was made, remove its dem-manifest.json.");

    /// <summary>DEM2074: A folder of a store holds too many files to be one model.</summary>
    public static readonly ErrorCode StoreFolderTooLarge = new(
        2074,
        "A folder of a store holds too many files to be one model.",
        "Name the folder of the model itself.");

    /// <summary>
    /// DEM2080: A chat template is not valid Jinja, uses a part of it that is not supported, or asks for what a chat does not
    /// have.
    /// </summary>
    public static readonly ErrorCode BadChatTemplate = new(
        2080,
        "A chat template is not valid Jinja, uses a part of it that is not supported, or asks for what a chat does not have.",
        "Look at the line that the message names; or give the template of a model of the same family.");

    /// <summary>DEM2081: A chat template refuses a chat, such as one whose turns do not alternate.</summary>
    public static readonly ErrorCode ChatRefused = new(
        2081,
        "A chat template refuses a chat, such as one whose turns do not alternate.",
        "Correct or remove the chat that the message names, or give another template.");

    /// <summary>DEM2082: Data are chats, and the model has no template by which they become text.</summary>
    public static readonly ErrorCode NoChatTemplate = new(
        2082,
        "Data are chats, and the model has no template by which they become text.",
        "Put a chat_template.jinja beside the weights, or give one; or give data as {\"prompt\", \"completion\"}.");

    /// <summary>DEM2083: A data file is not of the kind that its name or its first bytes say, or is damaged.</summary>
    public static readonly ErrorCode BadDataFile = new(
        2083,
        "A data file is not of the kind that its name or its first bytes say, or is damaged.",
        "Write it again as JSON Lines, a JSON array, Parquet or Arrow.");

    /// <summary>DEM2084: A chat cannot be divided into what the assistant says and what it is told.</summary>
    public static readonly ErrorCode NothingSaid = new(
        2084,
        "A chat cannot be divided into what the assistant says and what it is told.",
        "Give chats with at least one message of the role assistant that is not empty.");

    // ---- 2085: stores ----

    /// <summary>DEM2085: The certificate of a store is not accepted.</summary>
    public static readonly ErrorCode StoreNotTrusted = new(
        2085,
        "The certificate of a store is not accepted.",
        "Check the address and the clock of this machine. Where the store or a proxy on the way has a certificate of its own, "
        + "let the environment variable SSL_CERT_FILE name a PEM file with that of its authority, or with its own.");

    // ---- 2086: checksums ----

    /// <summary>DEM2086: There is nothing to compare a file's contents with.</summary>
    public static readonly ErrorCode NoChecksums = new(
        2086,
        "There is nothing to compare a file's contents with.",
        "Compare the file with its source, or save it again with PyTorch's checksums switched on.");

    // ---- 2087 to 2088: adapters ----

    /// <summary>DEM2087: More than one adapter stands beside a model.</summary>
    public static readonly ErrorCode SeveralAdapters = new(
        2087,
        "More than one adapter stands beside a model.",
        "Add the adapters up with `dem lora A B --out SUM` and give MODEL+SUM, or take a recipe of `merge_method: "
        + "task_arithmetic` with the model as `base_model` and a source for each adapter: {model: MODEL, lora: A, parameters: "
        + "{weight: 1}}.");

    /// <summary>DEM2088: An adapter is to be extracted of experts that are all stored in one tensor.</summary>
    public static readonly ErrorCode ExpertsTogether = new(
        2088,
        "An adapter is to be extracted of experts that are all stored in one tensor.",
        "Store the experts of both models one by one, each with `dem convert MODEL --experts separate --out DIR`, and extract "
        + "from these.");

    // ---- 2089: plans ----

    /// <summary>DEM2089: The file of a plan is not there, or not yet.</summary>
    public static readonly ErrorCode NoPlan = new(
        2089,
        "The file of a plan is not there, or not yet.",
        "Wait until the merge is planned; or give the plan's path, which has to be the same on all machines.",
        isTemporary: true);

    // ---- 2090: evaluation ----

    /// <summary>DEM2090: A model's architecture is one that Torch computes, and the embedded evaluator does not.</summary>
    public static readonly ErrorCode NotEmbedded = new(
        2090,
        "A model's architecture is one that Torch computes, and the embedded evaluator does not.",
        "Evaluate it with Torch, or with a command.");

    // ---- 21xx: models and data sets ----

    /// <summary>DEM2101: A model's config.json describes an architecture that is not computed here.</summary>
    public static readonly ErrorCode UnknownArchitecture = new(
        2101,
        "A model's config.json describes an architecture that is not computed here.",
        "Evaluate it with a command; merging needs no configuration.");

    /// <summary>
    /// DEM2102: A model's config.json is not JSON of the expected form, or a value in it is missing or impossible.
    /// </summary>
    public static readonly ErrorCode BadConfig = new(
        2102,
        "A model's config.json is not JSON of the expected form, or a value in it is missing or impossible.",
        "Fetch the file again, or correct the key that the message names.");

    /// <summary>DEM2103: A model's tensors are not those that its config.json asks for.</summary>
    public static readonly ErrorCode WrongTensors = new(
        2103,
        "A model's tensors are not those that its config.json asks for.",
        "Put the checkpoint's own config.json beside it.");

    /// <summary>
    /// DEM2104: Text cannot be turned into token ids: the model's tokenizer is not one that this tool reads, or has no token
    /// for it.
    /// </summary>
    public static readonly ErrorCode NoTokenizer = new(
        2104,
        "Text cannot be turned into token ids: the model's tokenizer is not one that this tool reads, or has no token for it.",
        "Give data as token ids, {\"tokens\": [...]}.");

    /// <summary>DEM2105: A model's tokenizer file is damaged, or does not fit the model's config.json.</summary>
    public static readonly ErrorCode BadTokenizer = new(
        2105,
        "A model's tokenizer file is damaged, or does not fit the model's config.json.",
        "Fetch the checkpoint's tokenizer files again, or give data as token ids, {\"tokens\": [...]}.");

    /// <summary>DEM2111: A data file does not exist or cannot be read.</summary>
    public static readonly ErrorCode DataNotFound = new(
        2111,
        "A data file does not exist or cannot be read.",
        "Check the path and its permissions.");

    /// <summary>DEM2112: A line of a data file is not a JSON object of a known form.</summary>
    public static readonly ErrorCode BadDataLine = new(
        2112,
        "A line of a data file is not a JSON object of a known form.",
        "Correct the row that the message names: {\"text\"}, {\"prompt\", \"completion\"}, {\"messages\"}, {\"conversations\"}, "
        + "{\"instruction\", \"output\"}, {\"prompt\", \"choices\", \"answer\"} or {\"tokens\"}.");

    /// <summary>DEM2113: A data set holds nothing to predict.</summary>
    public static readonly ErrorCode EmptyDataSet = new(
        2113,
        "A data set holds nothing to predict.",
        "Give a file with at least one example.");

    /// <summary>DEM2114: An example is longer than the model's longest sequence.</summary>
    public static readonly ErrorCode ExampleTooLong = new(
        2114,
        "An example is longer than the model's longest sequence.",
        "Shorten or remove the line that the message names.");

    /// <summary>DEM2115: A token id is not in the model's vocabulary.</summary>
    public static readonly ErrorCode TokenOutOfRange = new(
        2115,
        "A token id is not in the model's vocabulary.",
        "Use the tokenizer that the model was trained with.");

    /// <summary>DEM2116: A metric was asked for that the data set has no means to measure.</summary>
    public static readonly ErrorCode MetricNotApplicable = new(
        2116,
        "A metric was asked for that the data set has no means to measure.",
        "Exact match needs prompts with completions, choice accuracy needs choices; loss and perplexity always apply.");

    // ---- 212x: searches ----

    /// <summary>DEM2121: A line of a search's trials.jsonl is damaged.</summary>
    public static readonly ErrorCode BadTrialLog = new(
        2121,
        "A line of a search's trials.jsonl is damaged.",
        "Remove the line that the message names, or move the file away and search again.");

    // ---- 213x: experiments ----

    /// <summary>DEM2131: The results of an experiment cannot be read.</summary>
    public static readonly ErrorCode BadResults = new(
        2131,
        "The results of an experiment cannot be read.",
        "Give the experiment.json that an experiment wrote.");

    // ---- 3xxx: recipes ----

    /// <summary>DEM3001: The recipe file does not exist or cannot be read.</summary>
    public static readonly ErrorCode RecipeNotFound = new(
        3001,
        "The recipe file does not exist or cannot be read.",
        "Check the path.");

    /// <summary>DEM3002: The recipe is not valid YAML.</summary>
    public static readonly ErrorCode RecipeNotYaml = new(
        3002,
        "The recipe is not valid YAML.",
        "Correct the line that the message names.");

    /// <summary>DEM3003: The recipe has a key that is not known here.</summary>
    public static readonly ErrorCode UnknownKey = new(
        3003,
        "The recipe has a key that is not known here.",
        "Check the spelling; the message lists what is known.");

    /// <summary>DEM3004: A recipe value has the wrong type or is out of range.</summary>
    public static readonly ErrorCode WrongValue = new(
        3004,
        "A recipe value has the wrong type or is out of range.",
        "Correct the line that the message names.");

    /// <summary>DEM3005: The recipe lacks a required key or parameter.</summary>
    public static readonly ErrorCode MissingKey = new(
        3005,
        "The recipe lacks a required key or parameter.",
        "Add it; the message says where.");

    /// <summary>DEM3006: The recipe's merge_method is not known.</summary>
    public static readonly ErrorCode UnknownMethod = new(
        3006,
        "The recipe's merge_method is not known.",
        "Use one of the methods that the message lists.");

    /// <summary>DEM3007: The recipe asks for something that this version does not do.</summary>
    public static readonly ErrorCode UnsupportedFeature = new(
        3007,
        "The recipe asks for something that this version does not do.",
        "Do as the message says, or leave it out.");

    /// <summary>DEM3008: A key occurs twice in one mapping of the recipe.</summary>
    public static readonly ErrorCode DuplicateKey = new(
        3008,
        "A key occurs twice in one mapping of the recipe.",
        "Keep one of them.");

    /// <summary>DEM3009: The method needs another number of models than the recipe gives.</summary>
    public static readonly ErrorCode WrongModelCount = new(
        3009,
        "The method needs another number of models than the recipe gives.",
        "Add or remove models; the message says how many it takes.");

    /// <summary>DEM3010: An expert of a mixture has no prompts, and its routers are made from prompts.</summary>
    public static readonly ErrorCode NoPrompts = new(
        3010,
        "An expert of a mixture has no prompts, and its routers are made from prompts.",
        "Give it positive_prompts: texts of the kind that it is good at. Or choose gate_mode: random, and train the mixture.");

    /// <summary>DEM3011: The number of experts does not make a mixture.</summary>
    public static readonly ErrorCode ExpertCount = new(
        3011,
        "The number of experts does not make a mixture.",
        "Give at least two experts, and an experts_per_token of at most their number.");

    /// <summary>DEM3012: All experts of a mixture have the same prompts.</summary>
    public static readonly ErrorCode PromptsAlike = new(
        3012,
        "All experts of a mixture have the same prompts.",
        "Give each expert prompts of the kind that it should be used for.");

    /// <summary>DEM3013: No architecture of mixtures takes these models and shared experts.</summary>
    public static readonly ErrorCode NoMixtureArchitecture = new(
        3013,
        "No architecture of mixtures takes these models and shared experts.",
        "Add or remove the shared expert as the message says, or leave out `architecture`.");

    // ---- 305x: experiments on given data ----

    /// <summary>DEM3050: The folder of a data source lacks one of its files, or has several of one name.</summary>
    public static readonly ErrorCode IncompleteSource = new(
        3050,
        "The folder of a data source lacks one of its files, or has several of one name.",
        "Put one file each of train, valid and test into it, such as train.jsonl, valid.jsonl and test.jsonl.");

    /// <summary>DEM3051: An experiment has fewer than three sources, or two whose folders have the same name.</summary>
    public static readonly ErrorCode TooFewSources = new(
        3051,
        "An experiment has fewer than three sources, or two whose folders have the same name.",
        "Give at least three folders with different names: the first is withdrawn later, and the last is added.");

    // ---- 4xxx: running ----

    /// <summary>DEM4001: There is not enough room on the output's disk.</summary>
    public static readonly ErrorCode DiskFull = new(
        4001,
        "There is not enough room on the output's disk.",
        "Free space, then run again and resume (RunOptions.Unfinished).");

    /// <summary>DEM4002: Writing the output failed.</summary>
    public static readonly ErrorCode WriteFailed = new(
        4002,
        "Writing the output failed.",
        "Check the disk and permissions, then run again and resume (RunOptions.Unfinished).");

    /// <summary>DEM4003: Reading an input failed while running.</summary>
    public static readonly ErrorCode ReadFailed = new(
        4003,
        "Reading an input failed while running.",
        "Check the disk, then run again and resume (RunOptions.Unfinished).");

    /// <summary>DEM4004: The output holds infinities or NaNs.</summary>
    public static readonly ErrorCode NonFiniteOutput = new(
        4004,
        "The output holds infinities or NaNs.",
        "Look at the tensors named; to publish it as it is, resume with RunOptions.NonFinite set to Warn.");

    /// <summary>DEM4005: An input file changed while it was being read.</summary>
    public static readonly ErrorCode InputChanged = new(
        4005,
        "An input file changed while it was being read.",
        "Run again once nothing writes to the inputs.");

    /// <summary>DEM4006: A tensor's type, shape or bytes differ from the manifest.</summary>
    public static readonly ErrorCode VerifyFailed = new(
        4006,
        "A tensor's type, shape or bytes differ from the manifest.",
        "The folder is damaged or was edited; make or fetch it again.");

    /// <summary>DEM4007: The process could not get the memory it needs.</summary>
    public static readonly ErrorCode OutOfMemory = new(
        4007,
        "The process could not get the memory it needs.",
        "Lower RunOptions.MaxMemoryBytes or RunOptions.Threads.");

    /// <summary>DEM4010: The device has not the memory that was asked of it.</summary>
    public static readonly ErrorCode DeviceOutOfMemory = new(
        4010,
        "The device has not the memory that was asked of it.",
        "Resume with a smaller bound on device memory, or on the processor: the bytes are the same.");

    /// <summary>DEM4011: A device was lost, or what it was given to do failed.</summary>
    public static readonly ErrorCode DeviceFailed = new(
        4011,
        "A device was lost, or what it was given to do failed.",
        "Resume on the processor: the bytes are the same. Look at the driver's log before using the device again.");

    /// <summary>DEM4012: A file would be larger than the system allows.</summary>
    public static readonly ErrorCode FileTooLarge = new(
        4012,
        "A file would be larger than the system allows.",
        "Raise the limit on file sizes (`ulimit -f`), write to a file system that takes larger files, or write smaller shards "
        + "(RunOptions.MaxShardBytes); then run again.");

    /// <summary>DEM4013: The process may not have as many files open as it needs.</summary>
    public static readonly ErrorCode TooManyOpenFiles = new(
        4013,
        "The process may not have as many files open as it needs.",
        "Raise the limit on open files (`ulimit -n`), then run again and resume (RunOptions.Unfinished).");

    /// <summary>DEM4014: The current directory does not exist any more, or cannot be read.</summary>
    public static readonly ErrorCode NoWorkingFolder = new(
        4014,
        "The current directory does not exist any more, or cannot be read.",
        "Change to a folder that exists, and run again.");

    /// <summary>DEM4015: Standard output cannot be written.</summary>
    public static readonly ErrorCode OutputStreamFailed = new(
        4015,
        "Standard output cannot be written.",
        "Files and folders that the command wrote are complete; print to a disk with free space, or to an open pipe.");

    /// <summary>DEM4016: The system refused to open, read or write a file.</summary>
    public static readonly ErrorCode FileSystemFailed = new(
        4016,
        "The system refused to open, read or write a file.",
        "The message has the system's own words; check the disk and permissions, then run again.");

    // ---- 4030 to 4039: merges in parts ----

    /// <summary>DEM4030: What a part wrote is not what it recorded: it is damaged or lost.</summary>
    public static readonly ErrorCode PartDamaged = new(
        4030,
        "What a part wrote is not what it recorded: it is damaged or lost.",
        "Run the parts that the message names again, which make only that anew; then join.");

    /// <summary>DEM4031: Another process has taken over the part.</summary>
    public static readonly ErrorCode PartTakenOver = new(
        4031,
        "Another process has taken over the part.",
        "Let that process finish, and start each part only once at a time.",
        isTemporary: true);

    // ---- 405x: stores ----

    /// <summary>DEM4050: A store could not be reached, or did not answer in time.</summary>
    public static readonly ErrorCode StoreNotReached = new(
        4050,
        "A store could not be reached, or did not answer in time.",
        "Check the address and the network; then run again and resume (RunOptions.Unfinished).",
        isTemporary: true);

    /// <summary>DEM4051: A store did not take what was to be stored.</summary>
    public static readonly ErrorCode StoreWriteFailed = new(
        4051,
        "A store did not take what was to be stored.",
        "The message has the store's own words. Nothing of the output is to be seen there; run again.");

    /// <summary>DEM4101: The evaluation command failed.</summary>
    public static readonly ErrorCode CommandFailed = new(
        4101,
        "The evaluation command failed.",
        "Run it by hand; what it wrote to standard error is in the message.");

    /// <summary>DEM4102: The evaluation command printed neither a number nor a JSON object of numbers.</summary>
    public static readonly ErrorCode CommandGaveNoNumber = new(
        4102,
        "The evaluation command printed neither a number nor a JSON object of numbers.",
        "Let it print the metric last, or one JSON object such as {\"accuracy\": 0.71}.");

    /// <summary>DEM4121: Every trial of a search failed, so that there is no best one.</summary>
    public static readonly ErrorCode NoTrialSucceeded = new(
        4121,
        "Every trial of a search failed, so that there is no best one.",
        "Look at the error of the last trial, which the message gives; trials.jsonl has them all.");

    /// <summary>DEM4131: The base of an experiment cannot do what its sources are about.</summary>
    public static readonly ErrorCode BaseTooWeak = new(
        4131,
        "The base of an experiment cannot do what its sources are about.",
        "Train it for more steps, or with another seed: over such a base the comparison says little.");

    /// <summary>DEM4201: A loss or a gradient is no longer a finite number, and training stopped.</summary>
    public static readonly ErrorCode TrainingDiverged = new(
        4201,
        "A loss or a gradient is no longer a finite number, and training stopped.",
        "Lower the learning rate or lengthen its warm-up, and look at the data of that step; then start anew.");

    /// <summary>DEM4202: What an interrupted training run left cannot be read.</summary>
    public static readonly ErrorCode BadTrainingState = new(
        4202,
        "What an interrupted training run left cannot be read.",
        "Discard it, and start anew.");

    // ---- 4203 to 4209: evaluation commands ----

    /// <summary>DEM4203: The output of an evaluation command does not tell which of its metrics counts.</summary>
    public static readonly ErrorCode MetricUnclear = new(
        4203,
        "The output of an evaluation command does not tell which of its metrics counts.",
        "Name one of those that the message lists, as METRIC, METRIC,FILTER or TASK/METRIC.");

    /// <summary>DEM4204: The evaluation command ran longer than it was allowed to, and was stopped.</summary>
    public static readonly ErrorCode CommandTimedOut = new(
        4204,
        "The evaluation command ran longer than it was allowed to, and was stopped.",
        "Allow it more time, or let it evaluate fewer examples.");

    /// <summary>DEM4999: Something that should not happen did.</summary>
    public static readonly ErrorCode Internal = new(
        4999,
        "Something that should not happen did.",
        "Report it with its stack trace.");

    /// <summary>All codes, in ascending order of their numbers.</summary>
    public static IReadOnlyList<ErrorCode> All { get; } =
        [.. typeof(ErrorCode).GetFields(BindingFlags.Public | BindingFlags.Static)
            .Where(field => field.FieldType == typeof(ErrorCode))
            .Select(field => (ErrorCode)field.GetValue(null)!)
            .OrderBy(code => code.Number)];
}
