namespace DemEngine.Native.Calls;

/// <summary>
/// Remedies of errors in the words of the library's options. The engine's own name the properties of its .NET classes.
/// </summary>
internal static class Remedies
{
    private const string ThenResume = "then call again, with \"resume\" for the option unfinished.";

    private static readonly Dictionary<ErrorCode, string> ByCode = new()
    {
        [ErrorCode.OutputExists] =
            "Choose another output folder, or give the option overwrite to replace it once the new one is complete.",
        [ErrorCode.UnfinishedRun] = "Give the option unfinished: \"resume\" goes on with it, \"restart\" discards it.",
        [ErrorCode.AlreadyFinished] =
            "If it is the output of this request, use it. To make it anew, give the option overwrite in place of \"resume\" for "
            + "the option unfinished.",
        [ErrorCode.ResumeMismatch] =
            "Make the original request again, or discard the unfinished run, with \"restart\" for the option unfinished.",
        [ErrorCode.OtherPlan] =
            "Join that plan, discard its parts with \"restart\" for the option unfinished, or choose another output.",
        [ErrorCode.MissingTensor] =
            "Take the base's tensors there, with \"base\" for the option missing, or fix the source.",
        [ErrorCode.ExtraTensor] = "Leave them out, with \"ignore\" for the option extra, or fix the source.",
        [ErrorCode.VocabularyMismatch] =
            "Keep the base's rows, with \"base\" for the option vocab, or the rows that all have, with \"common\".",
        [ErrorCode.DiskFull] = $"Free space, {ThenResume}",
        [ErrorCode.WriteFailed] = $"Check the disk and permissions, {ThenResume}",
        [ErrorCode.ReadFailed] = $"Check the disk, {ThenResume}",
        [ErrorCode.NonFiniteOutput] =
            "Look at the tensors named; to have them as they are, call again with \"warn\" for the option nonfinite.",
        [ErrorCode.OutOfMemory] = "Lower the option max_memory or threads.",
        [ErrorCode.FileTooLarge] =
            "Raise the limit on file sizes (`ulimit -f`), write to a file system that takes larger files, or lower the option "
            + "max_shard_size; then call again.",
        [ErrorCode.TooManyOpenFiles] = $"Raise the limit on open files (`ulimit -n`), {ThenResume}",
        [ErrorCode.StoreNotReached] = $"Check the address and the network, {ThenResume}",
    };

    /// <summary>Advice on what the caller can do about an error.</summary>
    public static string Of(ErrorCode code) => ByCode.GetValueOrDefault(code, code.Remedy);

    /// <summary>Advice on one error: its own where it has one.</summary>
    public static string Of(DemException error) => error.Remedy == error.Code.Remedy ? Of(error.Code) : error.Remedy;
}
