namespace DemEngine.Cli.Output;

/// <summary>
/// Meanings and remedies of errors in the words of the command line. The engine does not know which flag stands for which of
/// its options; this table does.
/// </summary>
internal static class Remedies
{
    private static readonly Dictionary<ErrorCode, (string? Meaning, string Remedy)> ByCode = new()
    {
        [ErrorCode.BadArgument] = (
            "A command-line argument or option has a value that cannot be used.",
            "Run the command with --help to see what it takes."),
        [ErrorCode.OutputExists] = (
            null,
            "Choose another output, or pass --overwrite to replace it once the new one is complete."),
        [ErrorCode.OutputNotOurs] = (
            "--overwrite was given for a folder that this tool did not write, or for a file.",
            "Move it away yourself if it is no longer needed, or choose another output."),
        [ErrorCode.OutputOverlapsInput] = (null, "Choose an output outside every input folder."),
        [ErrorCode.UnfinishedRun] = (null, "Pass --resume to go on with it, or --restart to discard it."),
        [ErrorCode.NothingToResume] = (
            "--resume was given, but no unfinished run lies beside the output.",
            "Start without --resume."),
        [ErrorCode.AlreadyFinished] = (
            "--resume was given, but a finished output is there and no unfinished run lies beside it.",
            "If it is the output of this command, use it: --resume=auto checks that and exits with 0. To make it anew, pass "
            + "--overwrite in place of --resume."),
        [ErrorCode.ResumeMismatch] = (
            null,
            "Run the original command, with --resume where it has that option, or pass --restart to discard the "
            + "unfinished run."),
        [ErrorCode.OutputBusy] = (null, "Wait for it, or choose another output."),
        [ErrorCode.NoSuchDevice] = (
            "--backend names a device that is not there or cannot be used.",
            "Run `dem devices` to see what there is; --backend cpu works everywhere and gives the same bytes."),
        [ErrorCode.PlanMismatch] = (
            null,
            "Use the engine and the inputs that the plan was made with, or copies of them. Or plan again, with "
            + "`dem plan --restart`."),
        [ErrorCode.NoSuchPart] = (
            null,
            "Start as many tasks as there are parts, as with --array=0-7 for 8; or give the number, as with "
            + "--part $SLURM_ARRAY_TASK_ID."),
        [ErrorCode.BadPlan] = (
            null,
            "Give the file that `dem plan` wrote as its --out, not the recipe and not the output's folder; or run `dem plan` "
            + "again."),
        [ErrorCode.NoPlan] = (
            null,
            "Wait until `dem plan` has written it; or give the path that it was written to, which has to be the same on all "
            + "machines."),
        [ErrorCode.PartsMissing] = (
            null,
            "Wait for the parts that the message names, or run them with `dem merge PLAN --part K`; then join again."),
        [ErrorCode.OtherPlan] = (
            null,
            "Join that plan first, choose another output, or discard its parts with `dem plan --restart`."),
        [ErrorCode.PlanNotBegun] = (
            null,
            "See that this machine has the shared folder under the same path; if it was deleted, run `dem plan` again."),
        [ErrorCode.MeasurementsMissing] = (
            null,
            "Wait for the parts that the message names, or run them with `dem merge PLAN --part K --phase measure`."),
        [ErrorCode.PartDamaged] = (
            null,
            "Run the parts that the message names again, with `dem merge PLAN --part K`, which make only that anew; then join."),
        [ErrorCode.NotEmbedded] = (null, "Pass --evaluator torch, or --evaluate-command."),
        [ErrorCode.TorchNotLoaded] = (
            null,
            "Run `dem setup torch` to fetch the one that fits, or name the folder of another in the environment "
            + "variable DEM_LIBTORCH."),
        [ErrorCode.NoTorchDevice] = (
            "--device names a device that Torch does not find.",
            "--device cpu is always there; for NVIDIA's devices run `dem setup torch cuda-12.8`."),
        [ErrorCode.TorchNotFound] = (
            null,
            "Run `dem setup torch`, or `dem setup torch cuda-12.8` for NVIDIA's devices; or name the folder of "
            + "an existing libtorch in the environment variable DEM_LIBTORCH."),
        [ErrorCode.SystemLibraryTooOld] = (
            null,
            "Install the C++ runtime of GCC 13 or newer; `dem --version` says what is needed, and how to get it "
            + "here."),
        [ErrorCode.PackageNotFetched] = (null, "See `dotnet nuget list source`, or name another source with --source."),
        [ErrorCode.MissingTensor] = (null, "Pass --missing base to take the base's tensors there, or fix the source."),
        [ErrorCode.ExtraTensor] = (null, "Pass --extra ignore to leave them out, or fix the source."),
        [ErrorCode.VocabularyMismatch] = (
            null,
            "Pass --vocab base to keep the base's rows, or --vocab common to keep the rows all have."),
        [ErrorCode.NotAVector] = (null, "Make it with `dem extract`, or give it as `model:` instead of `vector:`."),
        [ErrorCode.UnknownArchitecture] = (
            "A model's config.json describes an architecture that this tool does not compute.",
            "Evaluate it with --evaluate-command; merging needs no configuration."),
        [ErrorCode.BadChatTemplate] = (
            null,
            "Look at the line that the message names; or give another template with --chat-template FILE."),
        [ErrorCode.ChatRefused] = (
            null,
            "Correct or remove the chat that the message names, or give another template with --chat-template FILE."),
        [ErrorCode.NoChatTemplate] = (
            null,
            "Pass --chat-template chatml, or a template's file; or give data as {\"prompt\", \"completion\"}."),
        [ErrorCode.ExampleTooLong] = (
            null, "Pass --max-length TOKENS to cut such examples, or shorten the row that the message names."),
        [ErrorCode.MetricUnclear] = (
            null,
            "Name one of those that the message lists: --metric NAME, NAME,FILTER or TASK/NAME; add :lower if less is better."),
        [ErrorCode.CommandTimedOut] = (null, "Give it more time with --timeout MINUTES, or let it evaluate fewer examples."),
        [ErrorCode.BadResults] = (null, "Give the experiment.json that `dem experiment` wrote."),
        [ErrorCode.DiskFull] = (
            null,
            "Free space, then run the same command again, with --resume where it has that option."),
        [ErrorCode.WriteFailed] = (
            null,
            "Check the disk and permissions, then run the same command again, with --resume where it has that "
            + "option."),
        [ErrorCode.ReadFailed] = (
            null,
            "Check the disk, then run the same command again, with --resume where it has that option."),
        [ErrorCode.StoreNotReached] = (
            null,
            "Check the address and the network, then run the same command again, with --resume where it has that option "
            + "and the output is on disk."),
        [ErrorCode.NonFiniteOutput] = (
            null,
            "Look at the tensors named; to publish it as it is, run the same command with --resume --nonfinite "
            + "warn."),
        [ErrorCode.OutOfMemory] = (null, "Lower --max-memory or --threads."),
        [ErrorCode.FileTooLarge] = (
            null,
            "Raise the limit on file sizes (`ulimit -f`), write to a file system that takes larger files, or pass a smaller "
            + "--max-shard-size with --restart."),
        [ErrorCode.TooManyOpenFiles] = (
            null,
            "Raise the limit on open files (`ulimit -n`), then run the same command again, with --resume where it has that "
            + "option."),
        [ErrorCode.DeviceOutOfMemory] = (
            null,
            "Run the same command with --resume and a --max-vram that fits what is free, or with --resume "
            + "--backend cpu: the bytes are the same."),
        [ErrorCode.DeviceFailed] = (
            null,
            "Run the same command with --resume --backend cpu: the bytes are the same. Look at the driver's log "
            + "before using the device again."),
        [ErrorCode.TrainingDiverged] = (
            null,
            "Lower --lr or lengthen --warmup, and look at the data of that step; start anew with --restart."),
        [ErrorCode.BadTrainingState] = (null, "Pass --restart to discard it."),
        [ErrorCode.Internal] = (null, "Run again with --verbose and report the output."),
    };

    /// <summary>What a code stands for.</summary>
    /// <param name="code">Code of the error.</param>
    public static string MeaningOf(ErrorCode code) =>
        ByCode.TryGetValue(code, out var text) ? text.Meaning ?? code.Meaning : code.Meaning;

    /// <summary>What the user can do about an error of a kind.</summary>
    /// <param name="code">Code of the error.</param>
    public static string Of(ErrorCode code) => ByCode.TryGetValue(code, out var text) ? text.Remedy : code.Remedy;

    /// <summary>What the user can do about an error: what the error itself says, where its code says less.</summary>
    /// <param name="error">The error.</param>
    public static string Of(DemException error) => error.Remedy == error.Code.Remedy ? Of(error.Code) : error.Remedy;
}
