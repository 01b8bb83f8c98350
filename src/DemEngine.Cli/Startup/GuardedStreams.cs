using System.Runtime.InteropServices;
using System.Text;

namespace DemEngine.Cli.Startup;

/// <summary>
/// Standard output and standard error as a command may trust them: what standard output refuses is a documented error, and what
/// standard error refuses is left out, since there is nowhere else to say it.
/// </summary>
internal static class GuardedStreams
{
    private const int StandardInput = 0;
    private const int StandardOutput = 1;
    private const int StandardError = 2;
    private const int GetFlags = 1; // F_GETFD
    private const int CloseOnExec = 1; // FD_CLOEXEC

    /// <summary>Whether the process was given a standard input.</summary>
    public static bool HasInput => IsOpen(StandardInput);

    /// <summary>Guards both streams, then runs a command.</summary>
    /// <param name="command">Command to run.</param>
    /// <returns>Exit code of the command.</returns>
    public static int Run(Func<int> command)
    {
        Console.SetOut(new GuardedWriter(IsOpen(StandardOutput) ? Console.Out : null, isOutput: true));
        Console.SetError(new GuardedWriter(IsOpen(StandardError) ? Console.Error : null, isOutput: false));
        return command();
    }

    /// <summary>
    /// Whether the process was given a stream. Where it was not, the number may belong to a file of the runtime by now, which is
    /// told by its flag: a stream that is inherited never has it.
    /// </summary>
    private static bool IsOpen(int stream) =>
        !OperatingSystem.IsLinux() || Control(stream, GetFlags, 0) is >= 0 and var flags && (flags & CloseOnExec) == 0;

    [DllImport("libc", EntryPoint = "fcntl")]
    private static extern int Control(int file, int command, nint argument);

    private sealed class GuardedWriter(TextWriter? stream, bool isOutput) : TextWriter
    {
        public override Encoding Encoding => stream?.Encoding ?? Encoding.UTF8;

        public override void Write(char value) => Write([value]);

        public override void Write(char[] buffer, int index, int count) => Write(buffer.AsSpan(index, count));

        public override void Write(string? value) => Write(value.AsSpan());

        public override void Write(ReadOnlySpan<char> buffer)
        {
            try
            {
                if (stream is null && isOutput && buffer.Length > 0)
                    throw new IOException("it is closed");
                stream?.Write(buffer);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                if (isOutput)
                    throw new DemException(ErrorCode.OutputStreamFailed, $"standard output: {e.Message}", e);
            }
        }

        public override void WriteLine() => Write(NewLine);

        // One call for the whole line, so that lines of several threads or processes stay whole.
        public override void WriteLine(string? value) => Write($"{value}{NewLine}");

        public override void Flush()
        {
            // The streams flush by themselves after each call.
        }
    }
}
