using System.Collections.Concurrent;

namespace DemEngine.Native.Models;

/// <summary>
/// The models that callers hold, by the numbers that stand for them. A number is never used again, so that one of a model that
/// was freed is an error and not another model.
/// </summary>
internal static class ModelTable
{
    private static readonly ConcurrentDictionary<nint, NativeModel> Models = new();
    private static long _last;

    /// <summary>Gives a model a number.</summary>
    /// <param name="model">The model.</param>
    public static nint Add(NativeModel model)
    {
        var number = (nint)Interlocked.Increment(ref _last);
        Models[number] = model;
        return number;
    }

    /// <summary>Finds a model, which stays until the use is over.</summary>
    /// <param name="number">Its number.</param>
    /// <exception cref="DemException">DEM1001 (BadArgument): there is none.</exception>
    public static ModelUse Use(nint number) => Models.TryGetValue(number, out NativeModel? model) && model.TryUse()
        ? new ModelUse(model)
        : throw new DemException(ErrorCode.BadArgument, "the argument model is no model, or one that was freed");

    /// <summary>Ends its holder's use of a model.</summary>
    /// <param name="number">Its number; one that stands for none is allowed.</param>
    public static void Free(nint number)
    {
        if (Models.TryRemove(number, out NativeModel? model))
            model.EndUse();
    }
}
