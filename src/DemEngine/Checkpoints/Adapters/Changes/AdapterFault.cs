using DemEngine.Errors;
using DemEngine.Numerics;

namespace DemEngine.Checkpoints.Adapters.Changes;

/// <summary>Errors of adapters whose tensors contradict each other.</summary>
internal static class AdapterFault
{
    /// <summary>Makes the error of a tensor that cannot be what its name says.</summary>
    /// <param name="tensor">The tensor.</param>
    /// <param name="why">Why it cannot be.</param>
    public static DemException Wrong(StoredTensor tensor, string why) => new(
        ErrorCode.BadAdapter,
        $"{tensor.File}: tensor {Quoted.Name(tensor.Spec.Name)} is {tensor.Spec.Type.SafetensorsName} {tensor.Spec.Shape}: {why}")
    {
        Path = tensor.File,
        Tensor = tensor.Spec.Name,
    };

    /// <summary>Makes the error of a module that lacks one of its tensors.</summary>
    /// <param name="tensor">A tensor of the module that is there.</param>
    /// <param name="what">Name of the one that is not.</param>
    public static DemException Missing(StoredTensor tensor, string what) => new(
        ErrorCode.BadAdapter,
        $"{tensor.File}: beside tensor {Quoted.Name(tensor.Spec.Name)} there is no {what}")
    {
        Path = tensor.File,
        Tensor = tensor.Spec.Name,
    };

    /// <summary>Returns the numbers of rows and columns of a tensor that is used as a matrix.</summary>
    /// <param name="tensor">The tensor; its first dimension counts the rows.</param>
    /// <exception cref="DemException">DEM2048 (BadAdapter): it is no matrix of floating-point numbers.</exception>
    public static (int Rows, int Columns) MatrixOf(StoredTensor tensor)
    {
        TensorShape shape = tensor.Spec.Shape;
        if (!tensor.Spec.Type.IsFloat)
            throw Wrong(tensor, "a factor has floating-point numbers");
        if (shape.Dimensions.Length < 2 || shape.ElementCount == 0)
            throw Wrong(tensor, "a factor has two dimensions or more, and none of length zero");
        return shape.Rows <= int.MaxValue && shape.RowElements <= int.MaxValue
            ? ((int)shape.Rows, (int)shape.RowElements)
            : throw Wrong(tensor, "a factor has less than 2^31 rows and columns");
    }
}
