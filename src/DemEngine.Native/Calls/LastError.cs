using System.Text.Json.Nodes;
using DemEngine.Answers;
using DemEngine.Files;

namespace DemEngine.Native.Calls;

/// <summary>Why the last call of a thread failed.</summary>
internal static class LastError
{
    private const int Interrupted = 130;

    [ThreadStatic]
    private static KeptText? _text;

    /// <summary>The error as JSON; null if there was none on this thread.</summary>
    public static KeptText? Text => _text;

    /// <summary>Remembers an error, and gives the status that stands for it.</summary>
    /// <param name="e">What ended the call.</param>
    public static int Set(Exception e)
    {
        if (e is OperationCanceledException)
            return Set(new ErrorAnswer(ErrorAnswer.Interrupted, "interrupted", null), Interrupted);
        ErrorCode code = e is DemException known ? known.Code : SystemError.CodeOf(e);
        string message = code == ErrorCode.Internal ? $"{e.GetType().Name}: {e.Message}" : e.Message;
        string remedy = e is DemException error ? Remedies.Of(error) : Remedies.Of(code);
        return Set(new ErrorAnswer($"{code}", message, remedy) { Cause = e as DemException }, code.ExitCode);
    }

    private static int Set(ErrorAnswer error, int status)
    {
        _text = new KeptText(JsonAnswer.Write(new JsonObject { ["error"] = error.ToJson() }));
        return status;
    }
}
