using System.CommandLine;
using System.CommandLine.Parsing;
using DemEngine.Backends;
using DemEngine.Cli.Formatting;
using DemEngine.Cli.Output;

namespace DemEngine.Cli.Options;

/// <summary>The options of every command that computes: the backend, and the limit of its memory.</summary>
/// <param name="keepsModels">Whether the command keeps models on a device, so that more memory is of use.</param>
internal sealed class BackendCommandOptions(bool keepsModels = false)
{
    private const long DefaultMaxVramBytes = 1_000_000_000;
    private const long MinVramBytes = 1_000_000;

    private readonly Option<string> _backend = new("--backend")
    {
        Description = "What computes: the same bytes from each. auto takes the first CUDA device, else cpu; "
            + "cuda:all spreads the work over all of them. ilgpu-cpu simulates a device, for tests. Default cpu.",
        HelpName = "auto|cpu|cuda[:N]|cuda:all|opencl[:N]|ilgpu-cpu",
        DefaultValueFactory = _ => "cpu",
    };

    private readonly Option<long> _maxVram = Sizes.Option(
        "--max-vram",
        "Most memory for tensors on each device; as much host memory is page-locked, up to 256 MiB.",
        DefaultMaxVramBytes);

    public void AddTo(Command command)
    {
        if (keepsModels)
        {
            _maxVram.Description = "Most memory for tensors on each device, where the models stay. Default: most of what is "
                + $"free; {Sizes.Format(DefaultMaxVramBytes)}"
                + " with Torch on a device or --evaluate-command, which may need the rest.";
        }

        command.Options.Add(_backend);
        command.Options.Add(_maxVram);
        command.Validators.Add(Check);
    }

    /// <summary>Opens the backend that was asked for; the processor's if a command does not take these options.</summary>
    /// <param name="parsed">What the user wrote.</param>
    /// <param name="quiet">Whether nothing is printed.</param>
    /// <param name="mayTakeAll">Whether most of the free memory may be taken where no limit was given.</param>
    public IMergeBackend Open(ParseResult parsed, bool quiet, bool mayTakeAll = false) => BackendFactory.Open(
        parsed.GetResult(_backend) is null ? BackendFactory.Cpu : parsed.GetValue(_backend)!,
        mayTakeAll && parsed.GetResult(_maxVram) is not { Implicit: false } ? null : parsed.GetValue(_maxVram),
        line => { if (!quiet) Prose.Tell(line); });

    private void Check(CommandResult result)
    {
        if (result.GetValue(_backend) is { } name && !BackendFactory.IsName(name))
            result.AddError($"--backend: '{name}' is not one of {_backend.HelpName}");
        if (result.GetResult(_maxVram) is { Implicit: false } && result.GetValue(_maxVram) is > 0 and < MinVramBytes)
            result.AddError($"--max-vram is less than {Sizes.Format(MinVramBytes)}");
    }
}
